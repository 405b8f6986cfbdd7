import { existsSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { publishedPackages, root } from "../workspace.mjs";

/** A page of the site that is written in Markdown. */
export interface SitePage {
  /** The file, relative to the repository. */
  readonly path: string;
  /** The heading of the navigation that it stands under. */
  readonly group: string;
}

const named = (folder: string, ...names: string[]) => names.map((name) => `${folder}/${name}.md`);

/** The guides in the order of the navigation. A file of `docs` that no group names stands under `MORE`. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "Start here": [
    ...named("docs", "embed", "command", "values", "types", "comparison"),
    "examples/README.md",
  ],
  Models: named("docs", "onnx", "trees", "processing", "python", "python-trust"),
  Serve: [
    ...named(
      "docs",
      "configure-models",
      "from-training",
      "publish-a-version",
      "canary",
      "object-store",
    ),
    ...named("docs", "rest-and-grpc", "batching", "operations", "security"),
    ...named("docs", "migrate-from-tf-serving", "troubleshooting"),
    "deploy/README.md",
  ],
  Extend: named(
    "docs",
    ...[
      "write-a-servable",
      "write-a-platform",
      "write-a-source",
      "write-a-protocol",
      "conformance",
    ],
  ),
  Reference: ["ARCHITECTURE.md", ...named("docs", "lifecycle", "errors")],
  Project: ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md"],
};

const MORE = "More";

const unnamed = () => {
  const names = new Set(Object.values(GROUPS).flat());
  return readdirSync(join(root, "docs"))
    .map((name) => `docs/${name}`)
    .filter((path) => path.endsWith(".md") && !names.has(path))
    .map((path) => ({ path, group: MORE }));
};

const decisions = () =>
  readdirSync(join(root, "docs/decisions"))
    .sort()
    .map((name) => ({ path: `docs/decisions/${name}`, group: "Decisions" }));

/** All pages in the order of the navigation. */
export function sitePages(): readonly SitePage[] {
  const guides = Object.entries(GROUPS).flatMap(([group, paths]) =>
    paths.map((path) => ({ path, group })),
  );
  return [...guides, ...unnamed(), ...decisions()].filter(({ path }) =>
    existsSync(join(root, path)),
  );
}

/** The names of the groups in the order of the navigation. */
export const siteGroups: readonly string[] = [...Object.keys(GROUPS), MORE, "Decisions"];

/** The README of each published package, by the name of the package. */
export function packageReadmes(): ReadonlyMap<string, string> {
  return new Map(
    publishedPackages().map(({ folder, manifest }) => [manifest.name, `${folder}/README.md`]),
  );
}

/** The import specifiers of the packages, such as `@serving-kit/server/grpc`, by TypeDoc's name of the module. */
export function importNames(): ReadonlyMap<string, string> {
  const entries = publishedPackages().flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports as Record<string, Record<string, string> | string>).flatMap(
      ([name, target]) => {
        const source = typeof target === "object" ? target["@serving-kit/source"] : undefined;
        if (source === undefined) return [];
        const file = posix.join(posix.basename(folder), source);
        return [[file.replace(/(\/index)?\.ts$/, ""), posix.join(manifest.name, name)] as const];
      },
    ),
  );
  return new Map(entries);
}
