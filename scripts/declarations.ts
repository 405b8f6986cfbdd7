import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { tsc7 } from "../type-tests/compilers.mjs";
import { runNode } from "./run.mjs";
import { publishedPackages, readManifest, root } from "./workspace.mjs";

/** An import specifier of a package. */
export interface EntryPoint {
  readonly specifier: string;
  /** The source, relative to `packages`. */
  readonly source: string;
  /** The published declarations, relative to `packages`. */
  readonly types: string;
}

/**
 * Returns the entry points of a package that have types.
 *
 * @param folder Such as `packages/core`.
 */
export function entryPointsOf(folder: string): EntryPoint[] {
  const { name, exports = {} } = readManifest(folder);
  const path = posix.relative("packages", folder);
  return Object.entries(exports).flatMap(([subpath, target]) => {
    const { "@serving-kit/source": source, types } = target as Record<string, string>;
    if (source === undefined || types === undefined) return [];
    const specifier = name + subpath.slice(1);
    return [{ specifier, source: posix.join(path, source), types: posix.join(path, types) }];
  });
}

/**
 * Writes the declarations of all published packages into `folder`, a file for each source, as `core/src/index.d.ts`.
 * TypeScript 7 writes them in seconds, and does not check the sources: the step `types` does.
 */
export async function writeDeclarations(
  folder: string,
  { comments }: { readonly comments: boolean },
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entries = publishedPackages().flatMap((one) => entryPointsOf(one.folder));
  const sourceOf = ({ source }: EntryPoint) => join(root, "packages", source);
  const compilerOptions = {
    ...{ noEmit: false, noCheck: true, declaration: true, emitDeclarationOnly: true },
    ...{ removeComments: !comments, outDir: folder, rootDir: join(root, "packages") },
    typeRoots: [join(root, "node_modules/@types")],
    // By a link below node_modules a source would be one of a library, which is not written. The umbrella has no path,
    // so that no other package's types are named by it: it exports again what they come from.
    paths: Object.fromEntries(
      entries.filter(isScoped).map((entry) => [entry.specifier, [sourceOf(entry)]]),
    ),
  };
  const config = join(folder, "tsconfig.json");
  const base = join(root, "tsconfig.base.json");
  const files = entries.map(sourceOf);
  writeFileSync(config, JSON.stringify({ extends: base, compilerOptions, files }));
  const { code, output } = await runNode([tsc7, "-p", config]);
  if (code !== 0) throw new Error(`the declarations cannot be written:\n${output}`);
}

const isScoped = ({ specifier }: EntryPoint): boolean => specifier.startsWith("@");

/**
 * Returns the imports of packages that the importing package does not depend on, as `server/src/errors.d.ts: yaml`, in
 * declarations that `writeDeclarations` wrote without comments.
 */
export function undeclaredImports(folder: string): string[] {
  return publishedPackages().flatMap(({ folder: path, manifest }) => {
    const { name, dependencies, optionalDependencies, peerDependencies } = manifest;
    const declared = { ...dependencies, ...optionalDependencies, ...peerDependencies };
    const own = new Set([name, ...Object.keys(declared)]);
    const sources = join(relative("packages", path), "src");
    const files = readdirSync(join(folder, sources), { recursive: true, encoding: "utf8" });
    return files
      .filter((file) => file.endsWith(".d.ts"))
      .flatMap((file) =>
        packagesIn(readFileSync(join(folder, sources, file), "utf8"))
          .filter((imported) => !own.has(imported))
          .map((imported) => `${posix.join(sources, file)}: ${imported}`),
      );
  });
}

/** Returns the packages that declarations import, without Node's own modules. */
function packagesIn(text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom |\bimport\()"([^".][^"]*)"/g);
  return [...specifiers].flatMap(([, specifier = ""]) => {
    const [scope = "", name] = specifier.split("/");
    if (scope.startsWith("node:")) return [];
    return scope.startsWith("@") ? `${scope}/${name}` : scope;
  });
}

/** Writes the declarations of packages into the `dist` of each, beside what it has. */
export async function publishDeclarations(folders: readonly string[]): Promise<void> {
  const written = join(root, "node_modules/.declarations");
  await writeDeclarations(written, { comments: true });
  for (const folder of folders) {
    const from = join(written, relative("packages", folder), "src");
    for (const file of readdirSync(from, { recursive: true, encoding: "utf8" })) {
      if (file.endsWith(".d.ts")) copyInto(join(root, folder, "dist"), from, file);
    }
    for (const entry of entryPointsOf(folder)) reexport(entry);
  }
}

function copyInto(dist: string, from: string, file: string): void {
  const to = join(dist, file);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(from, file), to);
}

/** Writes the declarations of an entry point whose name is not that of its source. */
function reexport({ source, types }: EntryPoint): void {
  const file = join(root, "packages", types);
  if (existsSync(file)) return;
  const declared = source.replace("/src/", "/dist/").replace(/\.ts$/, ".js");
  writeFileSync(file, `export * from "./${posix.relative(posix.dirname(types), declared)}";\n`);
}
