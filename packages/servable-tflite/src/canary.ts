import { loadModel } from "./load-model.js";
import type { TfliteOptions } from "./options.js";

/** What a canary process does: loads and warms a version, and frees it. A second entry of the build. */
export async function tryModel(task: { path: string; options: TfliteOptions }): Promise<void> {
  const predictor = await loadModel(task.path, task.options);
  await predictor[Symbol.asyncDispose]();
}
