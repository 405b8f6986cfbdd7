// The client of TensorFlow Serving's ResNet tutorial: sends a JPEG to a model server ten times and prints the class
// and the average latency. It works with TF Serving and with serving-kit.
import { readFileSync } from "node:fs";

const [
  url = "http://localhost:8501/v1/models/resnet:predict",
  file = `${import.meta.dirname}/../models/zoo/gradient.jpg`,
] = process.argv.slice(2);
const REQUESTS = 10;

const body = JSON.stringify({ instances: [{ b64: readFileSync(file, "base64") }] });

async function predict(): Promise<{ classes: number }> {
  const response = await fetch(url, { method: "POST", body });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const { predictions } = (await response.json()) as { predictions: [{ classes: number }] };
  return predictions[0];
}

await predict(); // The first request may include one-time costs.
const start = performance.now();
let prediction = { classes: -1 };
for (let i = 0; i < REQUESTS; i++) prediction = await predict();
const latencyMs = (performance.now() - start) / REQUESTS;
console.log(`Prediction class: ${prediction.classes}, avg latency: ${latencyMs.toFixed(1)} ms`);
