import { libraryReport } from "./library-report.js";
import { loadSavedModel } from "./load-saved-model.js";
import { openTensorFlow } from "./native/library.js";
import { takeStatus } from "./native/status.js";
import type { TensorFlowOptions } from "./options.js";

// The functions that a canary process runs: a second entry of the build.

/** Loads a version, warms it up, and frees it. */
export async function tryModel(task: { path: string; options: TensorFlowOptions }): Promise<void> {
  const { signal } = new AbortController();
  const predictor = await loadSavedModel(task.path, task.options, { signal });
  await predictor[Symbol.asyncDispose]();
}

/** Opens the library. */
export async function tryLibrary(path?: string): Promise<void> {
  await libraryReport(path);
}

/** Creates a session. TensorFlow then writes to stderr which instructions of this CPU it does not use. */
export async function openSession(path?: string): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL = "0"; // the notice is information
  const { bindings } = await openTensorFlow(path);
  bindings.newSession(bindings.newGraph(), bindings.newOptions(), takeStatus(bindings).pointer);
}
