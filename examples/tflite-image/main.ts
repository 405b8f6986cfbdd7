// JPEG bytes in, class names and scores out: in the process, over REST (`b64`) and over gRPC.
import { readFileSync } from "node:fs";
import { createModelServer, nestedOf } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/mobilenet`;
const before = [{ image: { preset: "mobilenet" } }];
const after = [{ softmax: {} }, { topK: { k: 3, labels: "labels.txt" } }];
const models = { photos: { basePath, processing: { before, after } } };
const server = await createModelServer({ models });
const [rest, grpc] = [await server.listen({ port: 0 }), await server.listenGrpc({ port: 0 })];
console.log(`REST at http://localhost:${rest.port}, gRPC at localhost:${grpc.port}`);
const image = [readFileSync(process.argv[2] ?? `${basePath}/photos/chelsea.jpg`)];
const answer = await server.predict("photos", { image });
for (const output of Object.values(answer)) console.log(nestedOf(output));
