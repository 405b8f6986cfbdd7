import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseVersion, type Version } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { errors } from "./errors.js";

/** A model found at a path. */
export interface FoundModel {
  /** The path of the version. */
  readonly path: string;
  /** The platform that accepts the model. */
  readonly platform: Platform;
}

/**
 * Finds the model at a path: the version at the path itself, or the newest version under a base path.
 *
 * @throws ServingError NOT_FOUND / MODEL_NOT_FOUND.
 */
export async function findModel(path: string, platforms: readonly Platform[]): Promise<FoundModel> {
  for (const candidate of [path, await newestVersion(path)]) {
    if (candidate === undefined) continue;
    for (const platform of platforms) {
      if (await platform.accepts(candidate)) return { path: candidate, platform };
    }
  }
  const files = platforms.map(({ files, platformName }) => files ?? `a model of ${platformName}`);
  throw errors.modelNotFound(path, files);
}

async function newestVersion(basePath: string): Promise<string | undefined> {
  const entries = await readdir(basePath, { withFileTypes: true }).catch(() => []);
  let newest: { readonly version: Version; readonly name: string } | undefined;
  for (const { name } of entries.filter((entry) => !entry.isFile())) {
    const version = parseVersion(name);
    if (version === undefined || (newest && newest.version >= version)) continue;
    newest = { version, name };
  }
  return newest && join(basePath, newest.name);
}
