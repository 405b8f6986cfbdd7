import type { Delegation } from "@serving-kit/inference";
import { loadModel } from "./load-model.js";
import type { TfliteOptions } from "./options.js";

/**
 * Loads the model at a path, without a run, and returns how much of it XNNPACK runs. Undefined if there is
 * no XNNPACK, or if the shapes of its inputs are known only in a call.
 *
 * @throws ServingError as loading does.
 */
export async function delegationOf(
  folderOrFile: string,
  options: TfliteOptions,
): Promise<Delegation | undefined> {
  await using predictor = await loadModel(folderOrFile, { ...options, warmup: false });
  return predictor.delegation;
}
