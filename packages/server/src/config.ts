import { resolve } from "node:path";
import type { BatchingOptions } from "@serving-kit/batching";
import { toVersion, type VersionLabels } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { latest, type ServableVersionPolicy } from "@serving-kit/source-filesystem";
import { z } from "zod";
import { check } from "./check-options.js";
import { errors } from "./errors.js";

/** One model to serve. */
export interface ModelConfig {
  /** The name in paths such as `/v1/models/digits`; without `/` and `:`. */
  readonly name: string;
  /**
   * The directory whose subdirectories named by numbers are the versions. A relative path is
   * resolved against the working directory.
   */
  readonly basePath: string;
  /**
   * The platform by its name. Default: for each version the first of the platforms that accepts its
   * files.
   */
  readonly platform?: string;
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
}

/** A ModelConfig that was checked, with its defaults. */
export interface ResolvedModel extends ModelConfig {
  readonly versionPolicy: ServableVersionPolicy;
  readonly labels: VersionLabels;
}

const version = z.custom<bigint | number>(isVersionNumber, "an integer from 0 to 2^63 - 1");

const model = z.strictObject({
  name: z.string().regex(/^[^/:]+$/, "a text that is not empty and has neither / nor :"),
  basePath: z.string().regex(/^[^\0]+$/, "a path"),
  platform: z.string().min(1).optional(),
  versionPolicy: z
    .custom<ServableVersionPolicy>(isPolicy, "latest(n), all() or specific([…])")
    .optional(),
  labels: z.record(z.string().min(1), version).optional(),
  batching: z.union([z.boolean(), z.looseObject({})], "true, false or batching options").optional(),
});

/**
 * Checks the models to serve and fills in defaults.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option's path, what was expected and
 * what was given; for a name listed twice, an unknown platform and a changed platform with TF
 * Serving's text.
 */
export function resolveModels(
  models: readonly ModelConfig[],
  platforms: readonly Platform[],
  before: ReadonlyMap<string, ResolvedModel> = new Map(),
): ReadonlyMap<string, ResolvedModel> {
  check(z.array(model), models, "models");
  const resolved = new Map<string, ResolvedModel>();
  for (const config of models) {
    const { name, platform } = config;
    if (resolved.has(name)) {
      throw errors.configInvalid(`Illegal to list model ${name} multiple times in config list`);
    }
    if (platform !== undefined && !platforms.some((known) => known.platformName === platform)) {
      const known = platforms.map(({ platformName }) => `"${platformName}"`).join(", ");
      throw errors.configInvalid(
        `Model ${name} requests unsupported platform ${platform}; expected one of ${known}`,
      );
    }
    const current = before.get(name);
    if (current && current.platform !== platform) {
      throw errors.configInvalid(
        `Illegal to change a model's platform. For model ${name} platform was ` +
          `${current.platform ?? "detected"} and new platform requested is ${platform ?? "detected"}`,
      );
    }
    resolved.set(name, {
      ...config,
      basePath: resolve(config.basePath),
      versionPolicy: config.versionPolicy ?? latest(1),
      labels: config.labels ?? {},
    });
  }
  return resolved;
}

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
