/**
 * The exports that programs start with, without the readers of configuration: `createModelServer` and
 * `openModelConfigFile` load the rest of the package when they are called.
 *
 * @packageDocumentation
 */
import type { createModelServer as create, openModelConfigFile as open } from "./index.js";

export { customPlatform } from "./custom/custom-platform.js";
export { drainOnStrayError } from "./loop/stray-errors.js";
export { detectPlatform } from "./models/detect-platform.js";
export { watchModelConfig } from "./models/model-config-watch.js";
export { model } from "./models/model-place.js";

/** Makes a model server, as `createModelServer` of `@serving-kit/server` does. */
export const createModelServer: typeof create = async (options) =>
  (await import("./index.js")).createModelServer(options);

/**
 * Reads a model config file, as `openModelConfigFile` of `@serving-kit/server` does.
 *
 * @example
 * ```ts
 * const file = await openModelConfigFile("models.yaml");
 * const server = await createModelServer({ models: file.models });
 * ```
 */
export const openModelConfigFile: typeof open = async (path, logger) =>
  (await import("./index.js")).openModelConfigFile(path, logger);
