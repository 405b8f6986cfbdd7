import { lateLoader } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { tensorflow } from "@serving-kit/servable-tensorflow";
import { tflite } from "@serving-kit/servable-tflite";
import type { RuntimeOptions } from "./runtime-options.js";

/**
 * The built-in platforms in the order in which they are asked whether a version is theirs: a folder
 * with a SavedModel and a `.tflite` file is a SavedModel, as in TF Serving, unless `prefersTflite`.
 * Then it is served from the latter even where its model names the platform `tensorflow`.
 */
export function platformsOf(options: RuntimeOptions): readonly Platform[] {
  const savedModels = tensorflow(options.tensorflow);
  const lite = tflite(options.tflite);
  return options.prefersTflite ? [preferring(lite, savedModels), lite] : [savedModels, lite];
}

/** A platform by the second one's name that serves as the first one what that accepts. */
function preferring(preferred: Platform, other: Platform): Platform {
  const find = async (path: string) => ((await preferred.accepts(path)) ? preferred : other);
  const loader: Platform["loader"] = (storage, id) =>
    lateLoader(async () => (await find(storage.path)).loader(storage, id));
  return Object.assign((source: Parameters<Platform>[0]) => other(source), {
    ...other,
    accepts: async (path: string) => (await preferred.accepts(path)) || other.accepts(path),
    isComplete: async (path: string) => (await find(path)).isComplete(path),
    loader,
  });
}
