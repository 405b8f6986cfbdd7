// Classifies an image of 8 x 8 pixels with a convolutional network in ONNX.
import { readFileSync } from "node:fs";
import { loadModel, type Tensor, tensor } from "serving-kit";

const examples = `${import.meta.dirname}/..`;
const digits = await loadModel(`${examples}/compare-engines/onnx`);

const [{ image: pixels }] = JSON.parse(
  readFileSync(`${examples}/models/digits/samples.json`, "utf8"),
);
const image = tensor("float32", [1, 8, 8, 1], pixels);
const { data } = (await digits.predict({ image })).probabilities as Tensor<"float32">;

for (let y = 0; y < 8; y++) {
  const row = (pixels as number[]).slice(8 * y, 8 * y + 8);
  console.log(row.map((pixel) => " .:-=+*#@"[Math.round(8 * pixel)]).join(""));
}
const digit = data.indexOf(Math.max(...data));
console.log(`a ${digit}, with ${(100 * (data[digit] ?? 0)).toFixed(0)} %`);
await digits.close();
