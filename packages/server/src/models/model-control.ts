import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, parse, relative, sep } from "node:path";
import type { SourceProvider } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import { errors } from "../errors.js";
import { isDefinedPath } from "./defined-models.js";
import { isUri, type MissingSource, SourceProviders } from "./source-providers.js";
import { isUriWithin, rootOfUri } from "./uri-roots.js";

/**
 * Permission of clients to change the models: `reload` allows HandleReloadConfigRequest, `none` allows nothing. Other
 * values are reserved for future protocols.
 */
export type ModelControlMode = "reload" | "none";

/** Restrictions on the folders that a client may name. */
export interface ModelControlOptions {
  readonly modelControl?: ModelControlMode | undefined;
  readonly modelRoots?: readonly string[] | undefined;
  readonly sourceProviders?: readonly (SourceProvider | MissingSource)[] | undefined;
  /** The models that the server starts with. */
  readonly models?: readonly Pick<ModelConfig, "basePath">[] | undefined;
}

/**
 * Decides whether a client of the reload RPC may load a configuration.
 *
 * - MC1 With `none`, every call is refused.
 * - MC2 With `reload` each base path must be one of the roots or lie below one. Symlinks are resolved, in base
 *   paths and in roots.
 * - MC3 The roots are `modelRoots`. Without them, the roots are the parents of the base paths that the server started
 *   with. If that parent is the root of the file system or has no path, the root is the base path itself.
 * - MC4 A refusal is PERMISSION_DENIED / RELOAD_NOT_ALLOWED, whether or not the folder exists.
 * - MC5 A URI must be a root that is a URI, or lie below one by its text: it must have no query, no fragment, no
 *   escape, and no segment `.` or `..` beyond the root. A `file:` URI is its path.
 *
 * A path is checked when the call arrives. A client that can write below a root can create a link from there to any
 * path, and can place its own model there without a link. So roots must be folders that clients cannot write to.
 */
export class ModelControl {
  readonly #mode: ModelControlMode;
  readonly #roots: readonly string[];
  /** The parents of the targets of base paths that were links at the start: the links may have changed since. */
  readonly #linkedRoots: Promise<readonly string[]>;
  /** URIs of clients must lie below one of these by text. */
  readonly #uriRoots: readonly string[];
  readonly #providers: SourceProviders;

  /** @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for a URI that no source provider supports. */
  constructor(options: ModelControlOptions) {
    const { modelControl = "reload", modelRoots, models = [], sourceProviders } = options;
    const providers = new SourceProviders(sourceProviders);
    const absolute = (paths: readonly string[], place: (index: number) => string) =>
      paths.map((path, index) => providers.resolve(path, place(index)));
    const given = absolute(modelRoots ?? [], (index) => `modelRoots[${index}]`);
    const started = absolute(
      modelRoots
        ? []
        : models.map(({ basePath }) => basePath).filter((path) => !isDefinedPath(path)),
      (index) => `models[${index}].basePath`,
    );
    const basePaths = started.filter((path) => !isUri(path));
    this.#mode = modelControl;
    this.#providers = providers;
    this.#uriRoots = [...given.filter(isUri), ...started.filter(isUri).map(rootOfUri)];
    this.#roots = given.filter((root) => !isUri(root)).concat(basePaths.map(rootOf));
    this.#linkedRoots = Promise.all(
      basePaths.map(async (path) => rootOf((await realPath(path)) ?? path)),
    );
  }

  /** Rejects with RELOAD_NOT_ALLOWED unless a client may load these models. */
  async check(models: readonly Pick<ModelConfig, "name" | "basePath">[]): Promise<void> {
    if (this.#mode === "none") throw errors.reloadOff();
    if (models.length === 0) return;
    const real = await Promise.all(this.#roots.map(realPath));
    const roots = [...real, ...(await this.#linkedRoots)].filter((root) => root !== undefined);
    if (roots.length + this.#uriRoots.length === 0) throw errors.reloadWithoutRoots();
    for (const { name, basePath } of models) {
      const resolved = this.#resolve(basePath);
      if (resolved === undefined) continue;
      const isAllowed = isUri(resolved)
        ? this.#uriRoots.some((root) => isUriWithin(root, resolved))
        : await isPathWithin(roots, resolved);
      if (!isAllowed) throw errors.reloadOutsideRoots(name, basePath);
    }
  }

  /** Returns undefined if no provider accepts the base path: the configuration check then reports the reason. */
  #resolve(basePath: string): string | undefined {
    try {
      return this.#providers.resolve(basePath, "basePath");
    } catch {
      return undefined;
    }
  }
}

async function isPathWithin(roots: readonly string[], basePath: string): Promise<boolean> {
  const path = await realPath(basePath);
  return path !== undefined && roots.some((root) => isWithin(root, path));
}

/** Returns the folder whose contents a client may serve, given the base path of a served model. */
function rootOf(basePath: string): string {
  const parent = dirname(basePath);
  return parent === parse(basePath).root ? basePath : parent;
}

/**
 * Resolves the symlinks of a path. If the path does not exist, resolves the part of it that exists. Undefined if it
 * cannot be resolved.
 */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) return undefined;
    const above = await realPath(parent);
    return above && join(above, basename(path));
  }
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}
