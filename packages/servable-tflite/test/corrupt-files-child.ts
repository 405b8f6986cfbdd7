import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isServingError } from "@serving-kit/core";
import { loadModel } from "../src/load-model.js";
import { type Corruption, corrupted } from "./corrupt-files.js";

// The child process of tryCorruptions: loads and warms each corrupted copy, and tells how it went.
const folder = mkdtempSync(join(tmpdir(), "serving-kit-corrupt-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

process.once("message", async (task: { path: string; corruptions: Corruption[] }) => {
  const original = readFileSync(task.path);
  const path = join(folder, "model.tflite");
  for (const corruption of task.corruptions) {
    writeFileSync(path, corrupted(original, corruption));
    process.send?.(await outcomeOf(path));
  }
  process.disconnect?.();
});
process.send?.("ready");

async function outcomeOf(path: string): Promise<{ reason?: string }> {
  try {
    const predictor = await loadModel(path, {});
    await predictor[Symbol.asyncDispose]();
    return {};
  } catch (error) {
    return { reason: isServingError(error) ? error.reason : `not a ServingError: ${error}` };
  }
}
