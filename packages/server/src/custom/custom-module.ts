import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServableId } from "@serving-kit/core";
import {
  definePlatform,
  guard,
  type Platform,
  type PlatformFactory,
  type PredictorLike,
  runAsModel,
} from "@serving-kit/inference";
import { errors } from "../errors.js";

/** The platform name of a custom module in a configuration. */
export const CUSTOM_PLATFORM = "custom";

/** The module of a custom platform. */
export interface CustomPlatformOptions {
  /**
   * The file of an ES or CommonJS module, or of a module that a platform with `code` runs, such as Python. A relative
   * path is resolved against the working directory.
   */
  readonly modulePath: string;
  /** The name of the export. Default `default`; for a Python module, `Model` or `load_servable`. */
  readonly exportName?: string | undefined;
  /** Options that are passed to the export unchanged. Default: an empty object. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** `model_type` of the configuration, for a Python module. Default none. */
  readonly modelType?: string | undefined;
}

/** The context of a `LoadServable`, in addition to the path. */
export interface LoadServableConfig {
  readonly id: ServableId;
  /** Aborts when the version is no longer aspired. */
  readonly signal: AbortSignal;
  /** The options of the configuration. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Loads the model at `path`. A module may export such a function instead of a platform. `guard` wraps the returned
 * model.
 */
export type LoadServable = (
  path: string,
  config: LoadServableConfig,
) => PredictorLike | Promise<PredictorLike>;

/**
 * Imports the module of a custom platform.
 *
 * @throws ServingError as documented at `customPlatform`.
 */
export async function importPlatform(custom: CustomPlatformOptions): Promise<Platform> {
  const { modulePath, exportName = "default", options = {} } = custom;
  const module = await importModule(resolve(modulePath));
  // All exports of a CommonJS module are in its default export; few are also named exports.
  const exported = member(module, exportName) ?? member(module.default, exportName);
  if (isPlatform(exported)) return exported;
  if (typeof exported !== "function") {
    throw errors.customExportUnfit(modulePath, exportName, exported, Object.keys(module).sort());
  }
  // A platform from definePlatform, which is also a function.
  if ("platformName" in exported) return (exported as PlatformFactory)(options as never);
  const loadServable = exported as (...args: Parameters<LoadServable>) => unknown;
  return definePlatform({
    name: CUSTOM_PLATFORM,
    keepsContract: true,
    async load({ path, ...context }) {
      const { id, signal } = context;
      return runAsModel(id, async () => {
        const servable = await loadServable(path, { id, signal, options });
        // Only the result of a call shows whether a function returns a platform or a servable.
        if (isPlatform(servable)) {
          return servable.loader({ path }, id).load(context);
        }
        const where = `"${exportName}" of ${modulePath}`;
        return guard(servable as PredictorLike, { where, clock: context.clock });
      });
    },
  })();
}

/** The modification time of the file of each imported module: Node imports a file only once. */
const firstChanges = new Map<string, number>();

async function importModule(path: string): Promise<Record<string, unknown>> {
  if (/\.pyc?$/i.test(path)) throw errors.customModuleUnsupported(path);
  const changedAtMs = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    (error) => {
      throw errors.customModuleNotFound(path, error);
    },
  );
  const firstChange = firstChanges.get(path) ?? changedAtMs;
  firstChanges.set(path, firstChange);
  const url = pathToFileURL(path);
  if (changedAtMs !== firstChange) url.search = `changed=${changedAtMs}`;
  try {
    return (await import(url.href)) as Record<string, unknown>;
  } catch (error) {
    throw errors.customModuleFailed(path, error);
  }
}

function member(of: unknown, name: string): unknown {
  const isObject = typeof of === "object" && of !== null;
  return isObject && Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined;
}

function isPlatform(value: unknown): value is Platform {
  const { platformName, loader } = (value ?? {}) as Partial<Platform>;
  return typeof platformName === "string" && typeof loader === "function";
}
