// JPEG bytes in, classes out: the model itself decodes and resizes, like the ResNet of TensorFlow Serving's tutorial.
// Pass the folder of such a SavedModel and your own images.
import { readFileSync } from "node:fs";
import { servableId } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { tensorflow } from "@serving-kit/servable-tensorflow";

const zoo = `${import.meta.dirname}/../models/zoo`;
const [path = `${zoo}/jpeg/1`, ...files] = process.argv.slice(2);
const pictures = files.length > 0 ? files : [`${zoo}/gradient.jpg`, `${zoo}/checkers.jpg`];

const id = servableId("resnet", 1);
const loader = tensorflow().loader({ path }, id);
const model = await loader.load({ id, signal: new AbortController().signal });

const image_bytes = tensor(
  "string",
  [pictures.length],
  pictures.map((file) => readFileSync(file)),
);
const { classes, probabilities } = await model.predict({ image_bytes });

const width = probabilities?.shape[1] ?? 0;
for (const [i, file] of pictures.entries()) {
  const name = Number(classes?.data[i]);
  const share = Number(probabilities?.data[i * width + name]);
  console.log(`${file.split("/").at(-1)}: class ${name}, ${(100 * share).toFixed(1)} %`);
}
await model[Symbol.asyncDispose]?.();
