import { resolve } from "node:path";
import {
  latestVersions,
  type ServableVersionPolicy,
  type Steps,
  type VersionLabels,
} from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { z } from "zod";
import { errors } from "../errors.js";
import { check } from "./check-options.js";
import type { ModelConfig } from "./model-config.js";
import { modelSchema } from "./model-options.js";
import { requestLogPath } from "./request-log-options.js";

/** The context for checks of a server's models. */
export interface ModelScope {
  readonly platforms: readonly Platform[];
  /** True if the server has a processor, for models with `processing`. */
  readonly hasProcessor?: boolean;
  /** Checks a base path at a place of the configuration and makes it absolute. Throws CONFIG_INVALID. */
  resolveBasePath(basePath: string, place: string): string;
}

/** A checked ModelConfig with its defaults. Its base path is absolute, or the URI to show. */
export interface ResolvedModel extends ModelConfig {
  readonly versionPolicy: ServableVersionPolicy;
  readonly labels: VersionLabels;
}

/**
 * Checks the models to serve and fills in defaults, in steps: there may be thousands. If a model names the platform
 * that was its own in `before`, it keeps that platform.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the option's path, the expected value and the received
 * value; with TF Serving's text for a duplicate name, an unknown platform or a changed platform.
 */
export function* resolveModels(
  models: readonly ModelConfig[],
  scope: ModelScope,
  before: ReadonlyMap<string, ResolvedModel> = new Map(),
): Steps<ReadonlyMap<string, ResolvedModel>> {
  check(z.array(z.unknown()), models, "models");
  const resolved = new Map<string, ResolvedModel>();
  const logs = new Map<string, string>();
  for (const [index, config] of models.entries()) {
    const place = `models[${index}]`;
    check(modelSchema, config, place);
    const { name } = config;
    if (resolved.has(name)) {
      throw errors.configInvalid(`Illegal to list model ${name} multiple times in config list`);
    }
    checkRequestLog(config, logs);
    resolved.set(name, resolveModel(config, place, scope, before.get(name)));
    yield;
  }
  return resolved;
}

/** Refuses a file for the request log of a model that another one has. */
function checkRequestLog({ name, requestLog }: ModelConfig, logs: Map<string, string>): void {
  if (!requestLog || "sink" in requestLog) return;
  const path = resolve(requestLogPath(requestLog));
  const other = logs.get(path);
  if (other !== undefined) {
    throw errors.configInvalid(
      `expected a request log for each model; ${other} and ${name} have ${path}`,
    );
  }
  logs.set(path, name);
}

function resolveModel(
  config: ModelConfig,
  place: string,
  { platforms, resolveBasePath, hasProcessor = false }: ModelScope,
  before: ResolvedModel | undefined,
): ResolvedModel {
  if (config.processing !== undefined && !hasProcessor) {
    throw errors.configInvalid(
      `${place}.processing: expected a server with a processor, such as that of the package serving-kit; got none`,
    );
  }
  const platform = resolvePlatform(config, platforms, before);
  return {
    ...config,
    ...(platform !== undefined && { platform }),
    basePath: resolveBasePath(config.basePath, `${place}.basePath`),
    versionPolicy: config.versionPolicy ?? latestVersions(1),
    labels: config.labels ?? {},
  };
}

function resolvePlatform(
  { name, platform }: ModelConfig,
  platforms: readonly Platform[],
  current: ResolvedModel | undefined,
): string | Platform | undefined {
  const requested = nameOf(platform);
  const before = nameOf(current?.platform);
  // Naming the detected platform, or no longer naming it, does not change the platform.
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
