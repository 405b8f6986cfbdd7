import type { TensorFlowOptions } from "./options.js";

// The functions that a canary process runs: a second entry of the build. It imports the others when it runs, so that
// the build makes no separate file of the modules that it would share with them.

/** Loads a version, warms it up, and frees it. */
export async function tryModel(task: { path: string; options: TensorFlowOptions }): Promise<void> {
  const { loadSavedModel } = await import("./models.js");
  const { signal } = new AbortController();
  const predictor = await loadSavedModel(task.path, task.options, { signal });
  await predictor[Symbol.asyncDispose]();
}

/** Opens the library. */
export async function tryLibrary(path?: string): Promise<void> {
  const { libraryReport } = await import("./models.js");
  await libraryReport(path);
}

/** Creates a session. TensorFlow then writes to stderr which instructions of this CPU it does not use. */
export async function openSession(path?: string): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL = "0"; // the notice is information
  const { openTensorFlow, takeStatus } = await import("./models.js");
  const { bindings } = await openTensorFlow(path);
  bindings.newSession(bindings.newGraph(), bindings.newOptions(), takeStatus(bindings).pointer);
}
