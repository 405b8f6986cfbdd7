import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, publishedPackages, readManifest, root } from "./workspace.mjs";

/** A source: its path in the repository. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The TypeScript sources of all published packages, without their tests. */
export function sourceFiles(): readonly SourceFile[] {
  return publishedPackages().flatMap(({ folder }) =>
    readdirSync(join(root, folder, "src"), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/src/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(path))
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
  );
}

/** Every package.json of the workspace but those of the platform packages, which depend on nothing. */
export function manifests(): readonly Manifest[] {
  const packages = publishedPackages().map(({ manifest }) => manifest);
  return [...packages, ...[".", "examples", "bench", "type-tests"].map(readManifest)];
}

/** The dependencies of a package.json on what is not of this workspace. */
export function externalDependencies(manifest: Manifest): string[] {
  const groups = [
    manifest.dependencies,
    manifest.optionalDependencies,
    manifest.peerDependencies,
    manifest.devDependencies,
  ];
  const names = groups
    .flatMap((group) => Object.entries(group ?? {}))
    .filter(([, range]) => !range.startsWith("workspace:"))
    .map(([name]) => name);
  return [...new Set(names)]; // a peer stands among those for development as well
}

/** The packages of this workspace that a published package needs at run time. */
export const workspaceDependencies = (manifest: Manifest): string[] =>
  Object.entries(manifest.dependencies ?? {})
    .filter(([, range]) => range.startsWith("workspace:"))
    .map(([name]) => name.replace("@serving-kit/", ""));
