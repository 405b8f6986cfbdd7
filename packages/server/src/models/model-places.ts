import { fileURLToPath } from "node:url";
import {
  type DefinedModel,
  isDefinedModel,
  type ModelType,
  type OpenModels,
  type Platform,
} from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";
import { errors } from "../errors.js";
import { definedPath } from "./defined-models.js";
import type { ModelPlace } from "./model-place.js";

/** The value of a model in a map of models: a base path, a place with options, or a model that the program defines. */
export type Place<T> =
  | string
  | URL
  | (T extends ModelType ? ModelPlace<T> | DefinedModel<T> : ModelPlace);

/** The types of a server's models, as far as they are known at compile time. */
export type Known<M> = M extends readonly unknown[]
  ? OpenModels
  : unknown extends M
    ? OpenModels
    : M extends unknown
      ? { readonly [N in keyof M]: M[N] extends ModelType ? M[N] : ModelType }
      : never;

/** A model of a list. Its base path may be a URL. */
export interface ListedModel extends Omit<ModelConfig, "basePath"> {
  /** See `ModelConfig.basePath`. */
  readonly basePath: string | URL;
}

/** The models of a server: by name, or a list. */
export type ModelsOption<M> = { readonly [N in keyof M]: Place<M[N]> } | readonly ListedModel[];

/** The models as a list. @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID. */
export function modelsOf(models: unknown): readonly ModelConfig[] | undefined {
  if (models === undefined) return undefined;
  if (Array.isArray(models)) return models.map(withPath);
  if (typeof models !== "object" || models === null) {
    throw errors.configInvalid(
      `models: expected { name: path } or a list of { name, basePath }; got ${String(models)}`,
    );
  }
  return Object.entries(models).map(([name, place]) => configOf(name, place));
}

/** A value that is not a model is returned as it is, so that the later check refuses it. */
function withPath(model: ListedModel): ModelConfig {
  const basePath: unknown = model?.basePath;
  return basePath instanceof URL
    ? { ...model, basePath: pathOf(basePath) }
    : (model as ModelConfig);
}

function configOf(name: string, place: unknown): ModelConfig {
  if (typeof place === "string" || place instanceof URL) {
    return { name, basePath: pathOf(place) };
  }
  if (isDefinedModel(place)) {
    if (!place.readsFolders) return { name, basePath: definedPath(name), platform: place };
    throw errors.configInvalid(
      `models.${name}: the model has accepts, and so reads folders of versions; write { basePath: "…", platform: it }`,
    );
  }
  if (typeof place !== "object" || place === null || place instanceof Promise) {
    const got = place instanceof Promise ? "a Promise; await it first" : String(place);
    throw errors.configInvalid(
      `models.${name}: expected a path, a URL, { basePath, … } or a defined model; got ${got}`,
    );
  }
  const { basePath, ...others } = place as ModelPlace;
  const { expects } = others;
  return {
    ...others,
    ...(isDefinedModel(expects) && { expects: { signatures: expects.signatures } }),
    name,
    basePath: pathOf(basePath),
  } as ModelConfig;
}

/** Returns the path of a `file:` URL, and any other URL as a string. */
export function pathOf(place: string | URL): string {
  if (!(place instanceof URL)) return place;
  return place.protocol === "file:" ? fileURLToPath(place) : place.href;
}

/** Rejects a defined model in `platforms` that cannot detect which files belong to it. */
export function checkPlatforms(platforms: readonly Platform[]): void {
  for (const platform of platforms) {
    if (!isDefinedModel(platform) || platform.readsFolders) continue;
    throw errors.configInvalid(
      `platforms: "${platform.platformName}" is one model without accepts; write models: { name: it }, or give it accepts(path)`,
    );
  }
}
