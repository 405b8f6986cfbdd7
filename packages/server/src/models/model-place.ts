import type { ModelType } from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";

/** A model's base path and options, with the type that its versions must have. */
export interface ModelPlace<T = ModelType>
  extends Omit<ModelConfig, "name" | "basePath" | "expects"> {
  /** See `ModelConfig.basePath`. */
  readonly basePath: string | URL;
  /** The signatures that each version must have, such as those that `serving-kit types` writes. Default: any. */
  readonly expects?: T | undefined;
}

/**
 * Returns a model's base path with the type that its versions must have:
 * `models: { digits: model("models/digits", digits) }`. The type is the output of `serving-kit types`, or a model that
 * the program defines.
 *
 * @example
 * ```ts
 * // import { digits } from "./digits.js", which `serving-kit types` wrote
 * await createModelServer({ models: { digits: model("models/digits", digits) } });
 * ```
 */
export const model = <T extends ModelType>(basePath: string | URL, expects: T): ModelPlace<T> => ({
  basePath,
  expects,
});
