import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isServingError } from "@serving-kit/core";
import { zeroInputs } from "@serving-kit/inference";
import { load, modelFile } from "./support.js";

// Damages models in many ways, loads and calls them, and prints how many were refused. Errors must be ServingErrors.

const count = Number(process.argv[2]);
const names = [
  "dense",
  "strings",
  "zip-map",
  "loop",
  "default",
  "gather",
  "open-extents",
  "images",
];
const folder = mkdtempSync(join(tmpdir(), "serving-kit-onnx-"));
const path = join(folder, "model.onnx");
let state = 21;
const random = (below: number) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

let loaded = 0;
let refused = 0;
try {
  for (let i = 0; i < count; i++) {
    const bytes = readFileSync(modelFile(names[i % names.length] as string));
    for (let n = 0; n <= random(4); n++) bytes[random(bytes.length)] = random(256);
    writeFileSync(path, bytes);
    try {
      await loadAndCall();
      loaded++;
    } catch (error) {
      check(error);
      refused++;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${JSON.stringify({ tried: count, loaded, refused })}\n`);

async function loadAndCall(): Promise<void> {
  // A damaged loop could run for hours.
  const signal = AbortSignal.timeout(5_000);
  await using predictor = await load(path, { signal });
  const signature = predictor.signatures.get("serving_default");
  if (signature) await predictor.predict(zeroInputs(signature), { signal }).catch(check);
}

function check(error: unknown): void {
  const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
  const isSize = error instanceof RangeError; // inputs that are too large to generate
  if (!isServingError(error) && !isTimeout && !isSize) throw error;
}
