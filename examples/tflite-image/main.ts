// A photograph through decoding, resizing and a quantized model: the input of the model is the bytes of
// the pixels, so nothing is turned into floats on the way.
import { readFileSync } from "node:fs";
import { servableId } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";
import { decodePng } from "./png.js";
import { resize } from "./resize.js";

const photos = `${import.meta.dirname}/../models/photos`;
const file = process.argv[2] ?? `${photos}/flower.png`;

const id = servableId("photos", 1);
const loader = tflite().loader({ path: `${photos}/1` }, id);
const model = await loader.load({ id, signal: new AbortController().signal });

const picture = decodePng(readFileSync(file));
const image = tensor("uint8", [1, 32, 32, 3], resize(picture, 32));
const { probabilities } = await model.predict({ image });

const labels: string[] = JSON.parse(readFileSync(`${photos}/labels.json`, "utf8"));
// real = (integer - zeroPoint) * scale; `tflite({ dequantize: true })` would do it for us.
const output = model.signatures.get("serving_default")?.outputs.get("probabilities");
const [scale = 1] = output?.quantization?.scale ?? [];
const [zeroPoint = 0] = output?.quantization?.zeroPoint ?? [];
console.log(`${picture.width} x ${picture.height} pixels`);
labels.forEach((label, i) => {
  const share = (Number(probabilities?.data[i]) - zeroPoint) * scale;
  console.log(`${label}: ${(100 * share).toFixed(1)} %`);
});
await model[Symbol.asyncDispose]?.();
