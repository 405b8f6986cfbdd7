// Photographs in, class names out: the bytes of a JPEG over REST, over gRPC and in the process.
import { readFileSync } from "node:fs";
import { createModelServer, stringsOf, type Tensor } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/mobilenet`;
const before = [{ image: { preset: "mobilenet" } }];
const after = [{ softmax: {} }, { topK: { k: 3, labels: "labels.txt" } }];
await using server = await createModelServer({
  models: { photos: { basePath, processing: { before, after } } },
});
const photo = readFileSync(process.argv[2] ?? `${basePath}/photos/chelsea.jpg`);
const { classes, scores } = await server.predict("photos", { image: [photo] });
const names = stringsOf(classes as Tensor<"string">);
console.log(names.map((name, i) => `${name}: ${scores?.data[i]}`).join("\n"));

const { port } = await server.listen({ port: 0 });
const body = JSON.stringify({ instances: [{ b64: photo.toString("base64") }] });
const url = `http://localhost:${port}/v1/models/photos:predict`;
console.log(await (await fetch(url, { method: "POST", body })).text());
