import { readdir, stat } from "node:fs/promises";
import {
  type Clock,
  COMPLETE,
  lateLoader,
  mapVersions,
  type ServableId,
  type StoragePath,
  settleBy,
  systemClock,
} from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { CUSTOM_PLATFORM, type CustomPlatformOptions, importPlatform } from "./custom-module.js";

/** A platform from a module. */
export interface CustomPlatform extends Platform {
  /** Its module. */
  readonly custom: CustomPlatformOptions;
}

/**
 * Makes a platform from the export of a module: a platform made by `definePlatform`, a function that makes one, or a
 * `LoadServable`.
 *
 * The module is imported when the first version is loaded, and again when its file has changed; modules that it
 * imports itself are imported once per process. An error in the module affects only the versions that it loads.
 *
 * The versions are the subfolders named by numbers, as for any platform. A base path without such subfolders, whether
 * a file or a folder that is not empty, is version 1.
 *
 * Errors of loading: CUSTOM_MODULE_NOT_FOUND (NOT_FOUND), CUSTOM_MODULE_UNSUPPORTED (UNIMPLEMENTED) for Python,
 * CUSTOM_MODULE_FAILED (FAILED_PRECONDITION) if importing it throws, CUSTOM_EXPORT_UNFIT and PREDICTOR_UNFIT
 * (INVALID_ARGUMENT).
 *
 * @param clock The clock on which a check of a version waits at most a second for the module.
 *
 * @example
 * ```ts
 * const platform = customPlatform({ modulePath: "./my-servable.js", exportName: "load_servable" });
 * ```
 */
export function customPlatform(
  options: CustomPlatformOptions,
  clock: Clock = systemClock,
): CustomPlatform {
  const platform = () => importPlatform(options);
  const loader = (storage: StoragePath, id: ServableId) =>
    lateLoader(async () => (await platform()).loader(storage, id));
  const adapter = mapVersions(loader);
  return Object.assign((source: Parameters<Platform>[0]) => adapter(source), {
    platformName: CUSTOM_PLATFORM,
    custom: options,
    loader,
    accepts: isModel,
    async isComplete(path: string) {
      // A module that fails to import, or takes long, counts as complete: the load then reports the error, or waits.
      const found = await settleBy(platform(), {
        deadline: { clock, atMs: clock.now() + IMPORT_MS, error: () => new Error("late") },
      }).catch(() => undefined);
      return found?.isComplete(path) ?? COMPLETE;
    },
  });
}

/** Maximum time in ms that a check of a version waits for the module. */
const IMPORT_MS = 1_000;

/** In an empty folder, the versions may still appear. */
async function isModel(path: string): Promise<boolean> {
  const stats = await stat(path);
  return !stats.isDirectory() || (await readdir(path)).length > 0;
}
