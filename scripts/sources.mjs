import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publishedPackages, readJson, root } from "./workspace.mjs";

/** The TypeScript sources of all published packages, without their tests: path and text. */
export function sourceFiles() {
  return publishedPackages().flatMap(({ folder }) =>
    readdirSync(join(root, folder, "src"), { recursive: true })
      .map((name) => `${folder}/src/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(path))
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
  );
}

/** Every package.json of the workspace but those of the platform packages, which depend on nothing. */
export function manifests() {
  const packages = publishedPackages().map(({ manifest }) => manifest);
  return [
    ...packages,
    ...[
      "package.json",
      "examples/package.json",
      "bench/package.json",
      "type-tests/package.json",
    ].map(readJson),
  ];
}

/** The dependencies of a package.json on what is not of this workspace. */
export function externalDependencies(manifest) {
  const groups = ["dependencies", "optionalDependencies", "peerDependencies", "devDependencies"];
  const names = groups
    .flatMap((group) => Object.entries(manifest[group] ?? {}))
    .filter(([, range]) => !range.startsWith("workspace:"))
    .map(([name]) => name);
  return [...new Set(names)]; // a peer stands among those for development as well
}

/** The packages of this workspace that a published package needs at run time. */
export const workspaceDependencies = (manifest) =>
  Object.entries(manifest.dependencies ?? {})
    .filter(([, range]) => range.startsWith("workspace:"))
    .map(([name]) => name.replace("@serving-kit/", ""));
