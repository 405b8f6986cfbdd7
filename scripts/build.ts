import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { publishDeclarations } from "./declarations.js";
import { runNode } from "./run.mjs";
import { showStep } from "./step-timer.mjs";
import { isProgram, publishedPackages, readManifest, root } from "./workspace.mjs";

/** Options of a build. */
export interface BuildOptions {
  /** If true, writes declarations, which programs that only run do not need. Default true. */
  readonly types?: boolean;
}

/** Returns whether the `dist` of a package is older than a source of it or its build settings, or is missing. */
function isStale(folder: string, { types = true }: BuildOptions = {}): boolean {
  const built = join(root, folder, types ? "dist/index.d.ts" : "dist/index.js");
  if (!existsSync(built)) return true;
  const builtAt = statSync(built).mtimeMs;
  const files = [
    ...[folder, ...inlinedBy(folder)].flatMap(sourcesOf),
    ...["tsup.config.ts", join(folder, "tsup.config.ts")],
  ];
  return files.some((file) => statSync(join(root, file)).mtimeMs > builtAt);
}

const sourcesOf = (folder: string) =>
  readdirSync(join(root, folder, "src"), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, "src", name),
  );

/** Returns the folders of the packages of which a package contains parts: see `inlining` of tsup.config.ts. */
function inlinedBy(folder: string): string[] {
  const config = readFileSync(join(root, folder, "tsup.config.ts"), "utf8");
  const names = config.matchAll(/inlining\("@serving-kit\/([\w-]+)"\)/g);
  return Array.from(names, ([, name]) => `packages/${name}`);
}

/**
 * Builds packages, as many at a time as there are cores, in any order.
 *
 * @param folders Such as `packages/core`.
 */
export async function build(
  folders: readonly string[],
  { types = true }: BuildOptions = {},
): Promise<void> {
  if (folders.length === 0) return;
  const label =
    folders.length > 3 ? `building ${folders.length} packages` : `building ${folders.join(", ")}`;
  const end = showStep(label);
  const queue = [...folders];
  const failures: string[] = [];
  const work = async () => {
    for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
      const tsup = join(root, "node_modules/tsup/dist/cli-default.js");
      const { code, output } = await runNode([tsup], { cwd: join(root, folder) });
      if (code !== 0) failures.push(`building ${folder} failed:\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (types && failures.length === 0) await publishDeclarations(folders);
  end(failures.length === 0 ? "done" : "failed");
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

/** Builds those of the packages whose `dist` is out of date. */
export const buildStale = (folders: readonly string[], options?: BuildOptions) =>
  build(
    folders.filter((folder) => isStale(folder, options)),
    options,
  );

/** The same of packages that are named by folder in `packages`, and of what they depend on. */
export const ensureBuilt = (names: readonly string[], options?: BuildOptions) =>
  buildStale(withDependencies(names), options);

/** The folders of packages, named by folder in `packages`, and of all that they need at run time. */
export function withDependencies(names: readonly string[]): string[] {
  const packages = new Map(publishedPackages().map((one) => [one.manifest.name, one.folder]));
  const folders = new Set(names.map((name) => `packages/${name}`));
  // A set that grows while it is iterated is iterated to its new end.
  for (const folder of folders) {
    for (const name of Object.keys(readManifest(folder).dependencies ?? {})) {
      const own = packages.get(name);
      if (own !== undefined) folders.add(own);
    }
  }
  return [...folders];
}

if (isProgram(import.meta.url)) {
  await build(publishedPackages().map(({ folder }) => folder));
}
