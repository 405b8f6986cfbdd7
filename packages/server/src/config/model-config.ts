import type { BatchingOptions } from "@serving-kit/batching";
import type { Resources, ServableVersionPolicy, VersionLabels } from "@serving-kit/core";
import type { ModelType, Platform, WarmUpOptions } from "@serving-kit/inference";
import type { ModelProcessing } from "./processing-config.js";
import type { PythonModelOptions } from "./python-config.js";
import type { RequestLogFileOptions, RequestLogOptions } from "./request-log-options.js";
import type { TfliteModelOptions } from "./tflite-config.js";

/**
 * One model to serve.
 *
 * @example
 * ```ts
 * const digits: ModelConfig = {
 *   name: "digits",
 *   basePath: "/models/digits",
 *   versionPolicy: specific([1, 2]),
 *   labels: { stable: 1, canary: 2 },
 *   batching: true,
 * };
 * ```
 */
export interface ModelConfig {
  /** The name in paths such as `/v1/models/digits`. In REST paths `/` and `:` are `%2F` and `%3A`. */
  readonly name: string;
  /**
   * The directory whose subdirectories named by numbers are the versions, or a URI of one of the server's
   * `sourceProviders`. A relative path is resolved against the working directory. A directory without such
   * subdirectories that is itself a model, or a model file, is version 1.
   */
  readonly basePath: string;
  /**
   * The platform: the name of one of the server's platforms, or a platform for this model. Default: for each version
   * the first of the server's platforms that accepts its files.
   */
  readonly platform?: string | Platform | undefined;
  /** The versions to serve. Default: the newest. */
  readonly versionPolicy?: ServableVersionPolicy | undefined;
  /** Names for versions, such as `{ stable: 1, canary: 2 }`. */
  readonly labels?: VersionLabels | undefined;
  /**
   * Batching of this model, instead of the server's `batching`: `false` disables it, `true` uses the defaults, or
   * options, also for single signatures. Applies to versions that are loaded from then on. Default: the server's
   * options.
   */
  readonly batching?: boolean | "auto" | BatchingOptions | undefined;
  /**
   * Warm-up of this model's versions, instead of the options of its platform. Applies to versions that are loaded
   * from then on. Default: the platform's options.
   */
  readonly warmUp?: WarmUpOptions | undefined;
  /**
   * The resources of a loaded version, such as `{ ramBytes: 2e9 }`. They are reserved within `manager.resourceLimits`
   * instead of the platform's estimates for the same resources. Default: the estimates.
   */
  readonly resources?: Resources | undefined;
  /**
   * Paths of libraries with ops that this model's SavedModels need, in addition to those of the platform
   * `tensorflow`. They stay loaded, for all models. Default none.
   */
  readonly opLibraries?: readonly string[] | undefined;
  /** Options of the platform `tflite` for this model, instead of those of the platform. Default none. */
  readonly tflite?: TfliteModelOptions | undefined;
  /** Options of the platform `python` for this model, instead of those of the platform. Default none. */
  readonly python?: PythonModelOptions | undefined;
  /**
   * Steps before and after the model, for the server's `processor`: pictures, texts or sound in, labels out. Applies
   * to versions that are loaded from then on. Default none.
   */
  readonly processing?: ModelProcessing | undefined;
  /**
   * The signatures that each version must have, as `serving-kit types` writes them. A version with other signatures
   * is rejected, and the previous version continues to serve. Default: any.
   */
  readonly expects?: ModelType | undefined;
  /**
   * The log of sampled requests to this model, instead of the server's `requestLog`. Applies to requests from then
   * on. Default: the server's options.
   */
  readonly requestLog?: RequestLogOptions | RequestLogFileOptions | undefined;
}

/** Returns the log line for a model whose name REST clients must escape; undefined if they need not. */
export function restNameWarning(name: string): string | undefined {
  if (!/[/:]/.test(name)) return undefined;
  const escaped = name.replaceAll("/", "%2F").replaceAll(":", "%3A");
  return `model ${name}: REST paths cannot have / or : in a name; use /v1/models/${escaped}, or gRPC`;
}
