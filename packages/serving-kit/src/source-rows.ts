import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SourceProvider } from "@serving-kit/core";
import type { MissingSource } from "@serving-kit/server";
import type { ModelCacheOptions } from "@serving-kit/source-object-store";
import { readExport } from "./plugins.js";

/** Options of the built-in sources. */
export interface SourceOptions {
  /**
   * Where versions from buckets are kept, and how many bytes they may have. Default: `models` in the kit's cache
   * folder, `$XDG_CACHE_HOME/serving-kit`, and half of what is free on its disk.
   */
  readonly modelCache?:
    | { readonly [K in keyof ModelCacheOptions]?: ModelCacheOptions[K] | undefined }
    | undefined;
  /**
   * The name of the object that a publisher writes last into a version in a bucket. If given, a version that has neither
   * it nor a `SHA256SUMS` is not loaded. Default: `_READY`, and versions without it must settle.
   */
  readonly readyMarker?: string | undefined;
}

/** A source provider of the command: a row of the table of built-ins. */
export interface SourceRow {
  /** The scheme of its URIs in lower case, such as `s3`. */
  readonly scheme: string;
  /** The command that installs its package, if that is optional. */
  readonly install?: string;
  /** The options of `createModelServer` that it is made of. Default none. */
  readonly options?: readonly (keyof SourceOptions)[];
  /** Imports its module, whose export `sourceProviders` is as that of a plugin. Undefined if it is not installed. */
  load(options: SourceOptions): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** A row of a provider in a package that is installed where the kit is, or in the working directory, or not at all. */
export function optionalSource(scheme: string, specifier: string): SourceRow {
  const [owner, name] = specifier.split("/");
  return {
    scheme,
    install: `npm install ${owner}/${name}`,
    async load() {
      for (const from of [import.meta.url, join(process.cwd(), "_")]) {
        const path = resolveFrom(from, specifier);
        if (path !== undefined) return import(pathToFileURL(path).href);
      }
      return undefined;
    },
  };
}

/**
 * Loads the providers of a table. A row that is not installed becomes its scheme and the command that installs it,
 * for the server's error about such a base path.
 *
 * @throws ServingError PLUGIN_FAILED or PLUGIN_INVALID as `readPlugins` does.
 */
export async function loadSources(
  rows: readonly SourceRow[],
  options: SourceOptions = {},
): Promise<readonly (SourceProvider | MissingSource)[]> {
  const loaded = rows.map(async ({ scheme, install, load }) => {
    const exports = await load(options);
    if (exports === undefined) return install === undefined ? [] : [{ schemes: [scheme], install }];
    return readExport(`the source of ${scheme}`, "sourceProviders", exports.sourceProviders);
  });
  return (await Promise.all(loaded)).flat();
}

function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}
