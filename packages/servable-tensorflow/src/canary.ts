import { libraryReport } from "./library-report.js";
import { loadSavedModel } from "./load-saved-model.js";
import type { TensorFlowOptions } from "./options.js";

// The functions that a canary process runs. A second entry of the build.

/** Loads and warms a version, and frees it. */
export async function tryModel(task: { path: string; options: TensorFlowOptions }): Promise<void> {
  const { signal } = new AbortController();
  const predictor = await loadSavedModel(task.path, task.options, { signal });
  await predictor[Symbol.asyncDispose]();
}

/** Opens the library. */
export async function tryLibrary(path?: string): Promise<void> {
  await libraryReport(path);
}
