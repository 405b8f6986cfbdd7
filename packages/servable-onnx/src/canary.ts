import { libraryReport } from "./library-report.js";
import { loadModel } from "./load-model.js";
import type { OnnxOptions } from "./options.js";

// The functions that a canary process runs: a second entry of the build.

/** Loads a version, warms it up, and frees it. */
export async function tryModel(task: { path: string; options: OnnxOptions }): Promise<void> {
  const predictor = await loadModel(task.path, task.options);
  await predictor[Symbol.asyncDispose]();
}

/** Opens the library. */
export async function tryLibrary(path?: string): Promise<void> {
  await libraryReport(path);
}
