import { randomBytes } from "node:crypto";
import { S3Server } from "../packages/source-object-store/test/s3-server.js";

// A process with a bucket that has one object of `argv[2]` bytes; it ends with its parent.
const server = await S3Server.start();
server.put("m/1/model.bin", randomBytes(Number(process.argv[2])));
process.send?.({ endpoint: server.endpoint });
process.once("disconnect", () => process.exit());
