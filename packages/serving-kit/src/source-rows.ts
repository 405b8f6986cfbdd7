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
   * The folder for versions from buckets, and its maximum size in bytes. Default: `models` in the kit's cache folder,
   * `$XDG_CACHE_HOME/serving-kit`, and half of the free space on its disk.
   */
  readonly modelCache?:
    | { readonly [K in keyof ModelCacheOptions]?: ModelCacheOptions[K] | undefined }
    | undefined;
  /**
   * The name of the object that a publisher uploads last into a version in a bucket. If set, versions with neither
   * this object nor `SHA256SUMS` are not loaded. Default: `_READY`; versions without it load when they stop changing.
   */
  readonly readyMarker?: string | undefined;
}

/** A source provider of the command: a row of the table of built-ins. */
export interface SourceRow {
  /** The URI scheme in lower case, such as `s3`. */
  readonly scheme: string;
  /** The command that installs the provider's package, if the package is optional. */
  readonly install?: string;
  /** The options of `createModelServer` that the provider uses. Default none. */
  readonly options?: readonly (keyof SourceOptions)[];
  /**
   * Imports the provider's module, which exports `sourceProviders` like a plugin. Undefined if it is not installed.
   */
  load(options: SourceOptions): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** A row for a provider in an optional package, resolved from the kit and from the working directory. */
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
 * Loads the providers of a table. For a provider that is not installed, returns its scheme and the install command,
 * which the server shows in errors about such base paths.
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
