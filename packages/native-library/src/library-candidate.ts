import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { cacheFolder } from "./cache-folder.js";

/** The outcome of a candidate: the path of a library, or the reason why there is none. */
export type Located = { readonly path: string } | { readonly missing: string };

/**
 * A place where a library may be.
 *
 * A package of servables lists its candidates in order of precedence. The first that opens is used. An `isExplicit`
 * candidate is one that the user named: if it is set, no later candidate is tried, so that a mistake in it is reported
 * and not ignored.
 */
export interface LibraryCandidate {
  /** The place in words, for messages. */
  readonly origin: string;
  readonly isExplicit?: boolean;
  /** Locates the library without opening it. */
  locate(): Located | Promise<Located>;
}

const missing = (why: string): Located => ({ missing: why });
const found = (path: string): Located =>
  existsSync(path) ? { path } : missing(`there is no file ${path}`);

/** The library at a path that the user passed; no candidate if the path is undefined. */
export function explicitPath(origin: string, path: string | undefined): LibraryCandidate[] {
  if (path === undefined) return [];
  return [{ origin, isExplicit: true, locate: () => ({ path: resolve(path) }) }];
}

/** The library at the path in an environment variable. */
export function environmentVariable(name: string): LibraryCandidate {
  const path = process.env[name];
  const origin = `environment variable ${name}`;
  if (!path) return { origin, locate: () => missing("is not set") };
  return { origin, isExplicit: true, locate: () => ({ path: resolve(path) }) };
}

/**
 * A file of an npm package that is installed for one of the modules `from`: their `import.meta.url` or absolute paths.
 * Other paths are ignored.
 */
export function nodePackage(
  name: string,
  files: readonly string[],
  ...from: readonly string[]
): LibraryCandidate {
  return {
    origin: `npm package ${name}`,
    locate() {
      const folder = from.map((module) => folderOfPackage(name, module)).find(Boolean);
      if (folder === undefined) return missing("is not installed");
      const file = files.find((file) => existsSync(join(folder, file)));
      return file === undefined
        ? missing(`is installed in ${folder}, but has no ${files.join(" or ")}`)
        : { path: join(folder, file) };
    },
  };
}

function folderOfPackage(name: string, from: string): string | undefined {
  try {
    // Throws for a relative path too.
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** A file in the kit's own cache folder, where `install` puts libraries that are not on npm. */
export function cachedFile(file: string): LibraryCandidate {
  return { origin: "cache folder", locate: () => found(join(cacheFolder(), file)) };
}
