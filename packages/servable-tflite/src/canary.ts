import type { TfliteOptions } from "./options.js";

// The functions that a canary process runs: a second entry of the build. It imports the others when it runs, so that
// the build makes no separate file of the modules that it would share with them.

/** Loads a version, warms it up, and frees it. */
export async function tryModel(task: { path: string; options: TfliteOptions }): Promise<void> {
  const { loadModel } = await import("./models.js");
  const predictor = await loadModel(task.path, task.options);
  await predictor[Symbol.asyncDispose]();
}

/** Opens the library. */
export async function tryLibrary(path?: string): Promise<void> {
  const { libraryReport } = await import("./models.js");
  await libraryReport(path);
}
