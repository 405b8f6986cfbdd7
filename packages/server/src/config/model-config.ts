import { resolve } from "node:path";
import type { BatchingOptions } from "@serving-kit/batching";
import { toVersion, type VersionLabels } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { latest, type ServableVersionPolicy } from "@serving-kit/source-filesystem";
import { z } from "zod";
import { errors } from "../errors.js";
import { check } from "./check-options.js";
import {
  type RequestLogFileOptions,
  type RequestLogOptions,
  requestLogPath,
  requestLogSchema,
} from "./request-log-options.js";

/** Options of `.tflite` models that a model can have for itself: see `TfliteOptions` of servable-tflite. */
export interface TfliteModelOptions {
  readonly state?: "fresh" | "keep";
  readonly uncheckedOps?: "refuse" | "allow";
  /** In bytes, from 1 to 2^31 - 1. */
  readonly maxTensorBytes?: number;
  readonly resizeFixed?: boolean;
  readonly batch?: "fixed" | "resize";
}

/** One model to serve. */
export interface ModelConfig {
  /** The name in paths such as `/v1/models/digits`. In REST paths `/` and `:` are `%2F` and `%3A`. */
  readonly name: string;
  /**
   * The directory whose subdirectories named by numbers are the versions, or a URI of one of the server's
   * `sourceProviders`. A relative path is resolved against the working directory. A directory without such
   * subdirectories that is a model itself, or the file of a model, is version 1.
   */
  readonly basePath: string;
  /**
   * The platform: one of the server's by its name, or one of the model's own. Default: for each version
   * the first of the server's platforms that accepts its files.
   */
  readonly platform?: string | Platform;
  /** Which versions are served. Default the newest one. */
  readonly versionPolicy?: ServableVersionPolicy;
  /** Names for versions, such as `{ stable: 1, canary: 2 }`. */
  readonly labels?: VersionLabels;
  /**
   * How this model is batched, in place of the server's `batching`: `false` for not at all, `true` for
   * the defaults, or options, of signatures too. Counts for versions that are loaded from then on.
   * Default: as the server's options say.
   */
  readonly batching?: boolean | BatchingOptions;
  /**
   * Paths of libraries with ops that this model's SavedModels need, in addition to those of the platform
   * `tensorflow`. They stay loaded, for all models. Default none.
   */
  readonly opLibraries?: readonly string[];
  /** Options of the platform `tflite` for this model, instead of those of the platform. Default none. */
  readonly tflite?: TfliteModelOptions;
  /**
   * Where a sample of this model's requests goes, in place of the server's `requestLog`. Counts for
   * requests that are answered from then on. Default: as the server's options say.
   */
  readonly requestLog?: RequestLogOptions | RequestLogFileOptions;
}

/** What the models of a server are checked against. */
export interface ModelScope {
  readonly platforms: readonly Platform[];
  /** Checks a base path at a place of the configuration and makes it absolute. Throws CONFIG_INVALID. */
  resolveBasePath(basePath: string, place: string): string;
}

/** A ModelConfig that was checked, with its defaults. Its base path is absolute, or the URI to show. */
export interface ResolvedModel extends ModelConfig {
  readonly versionPolicy: ServableVersionPolicy;
  readonly labels: VersionLabels;
}

const MAX_TENSOR_BYTES = 2 ** 31 - 1;

const version = z.custom<bigint | number>(isVersionNumber, "an integer from 0 to 2^63 - 1");

const model = z.strictObject({
  name: z.string().regex(/^.+$/s, "a non-empty string"),
  basePath: z.string().regex(/^[^\0]+$/, "a path or a URI"),
  platform: z
    .union(
      [z.string().min(1), z.custom<Platform>(isPlatform)],
      "the name of a platform, or a platform",
    )
    .optional(),
  versionPolicy: z
    .custom<ServableVersionPolicy>(isPolicy, "latest(n), all() or specific([…])")
    .optional(),
  labels: z.record(z.string().min(1), version).optional(),
  batching: z.union([z.boolean(), z.looseObject({})], "true, false or batching options").optional(),
  opLibraries: z.array(z.string().min(1), "an array of paths").optional(),
  tflite: z
    .strictObject({
      state: z.enum(["fresh", "keep"]).optional(),
      uncheckedOps: z.enum(["refuse", "allow"]).optional(),
      maxTensorBytes: z.int().min(1).max(MAX_TENSOR_BYTES).optional(),
      resizeFixed: z.boolean().optional(),
      batch: z.enum(["fixed", "resize"]).optional(),
    })
    .optional(),
  requestLog: requestLogSchema.optional(),
});

/**
 * Checks the models to serve and fills in defaults. A platform that is named as the model's own one of
 * `before` is that.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option's path, what was expected and
 * what was given; for a name listed twice, an unknown platform and a changed platform with TF
 * Serving's text.
 */
export function resolveModels(
  models: readonly ModelConfig[],
  { platforms, resolveBasePath }: ModelScope,
  before: ReadonlyMap<string, ResolvedModel> = new Map(),
): ReadonlyMap<string, ResolvedModel> {
  check(z.array(model), models, "models");
  const resolved = new Map<string, ResolvedModel>();
  const logs = new Map<string, string>();
  for (const [index, config] of models.entries()) {
    const { name, requestLog } = config;
    if (resolved.has(name)) {
      throw errors.configInvalid(`Illegal to list model ${name} multiple times in config list`);
    }
    if (requestLog && !("sink" in requestLog)) {
      const path = resolve(requestLogPath(requestLog));
      const other = logs.get(path);
      if (other !== undefined) {
        throw errors.configInvalid(
          `expected a request log for each model; ${other} and ${name} have ${path}`,
        );
      }
      logs.set(path, name);
    }
    const platform = resolvePlatform(config, platforms, before.get(name));
    resolved.set(name, {
      ...config,
      ...(platform !== undefined && { platform }),
      basePath: resolveBasePath(config.basePath, `models[${index}].basePath`),
      versionPolicy: config.versionPolicy ?? latest(1),
      labels: config.labels ?? {},
    });
  }
  return resolved;
}

function resolvePlatform(
  { name, platform }: ModelConfig,
  platforms: readonly Platform[],
  current: ResolvedModel | undefined,
): string | Platform | undefined {
  const requested = nameOf(platform);
  const before = nameOf(current?.platform);
  // To name what was found out before, or to leave it to be found out, changes no platform.
  if (requested !== undefined && before !== undefined && requested !== before) {
    throw errors.configInvalid(
      `Illegal to change a model's platform. For model ${name} platform was ${before} and new platform ` +
        `requested is ${requested}`,
    );
  }
  if (typeof platform !== "string") return platform;
  if (current?.platform !== undefined && typeof current.platform !== "string") {
    return current.platform;
  }
  if (platforms.some(({ platformName }) => platformName === platform)) return platform;
  const known = platforms.map(({ platformName }) => `"${platformName}"`).join(", ");
  throw errors.configInvalid(
    `Model ${name} requests unsupported platform ${platform}; expected one of ${known}`,
  );
}

const nameOf = (platform: string | Platform | undefined) =>
  typeof platform === "string" ? platform : platform?.platformName;

function isVersionNumber(value: unknown): boolean {
  try {
    toVersion(value as bigint | number);
    return typeof value === "bigint" || typeof value === "number";
  } catch {
    return false;
  }
}

function isPolicy(value: unknown): boolean {
  const kind = (value as Partial<ServableVersionPolicy> | null)?.kind;
  return kind === "latest" || kind === "all" || kind === "specific";
}

function isPlatform(value: unknown): boolean {
  const { platformName, loader } = (value ?? {}) as Partial<Platform>;
  return typeof platformName === "string" && typeof loader === "function";
}
