import { readFileSync } from "node:fs";
import { join } from "node:path";
import { S3_CREDENTIALS, S3Server } from "../../packages/source-object-store/test/s3-server.js";

// A process with a bucket that has version 1 of the model in the folder `argv[2]`; it ends with its parent.
const server = await S3Server.start();
server.put(
  "models/digits/1/model.tflite",
  readFileSync(join(process.argv[2] ?? "", "1/model.tflite")),
);
process.send?.({ environment: { ...S3_CREDENTIALS, AWS_ENDPOINT_URL: server.endpoint } });
process.once("disconnect", () => process.exit());
