import { cruise, type ICruiseResult, type IModule } from "dependency-cruiser";
import { beforeAll, describe, expect, it } from "vitest";
import { mayImport } from "./may-import.js";
import { publishedPackages, root } from "./workspace.mjs";

/** The imports of all sources, types included: path and the paths that it imports. */
let modules: readonly IModule[];

beforeAll(async () => {
  const options = {
    baseDir: root,
    includeOnly: "^packages/[^/]+/src/",
    exclude: "\\.test(-d)?\\.ts$",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@serving-kit/source", "import", "default"],
      extensions: [".ts", ".js", ".mjs", ".json"],
    },
  };
  const folders = publishedPackages().map(({ folder }) => `${folder}/src`);
  const { output } = await cruise(folders, options, {
    extensionAlias: { ".js": [".ts", ".js"] },
  });
  modules = (output as ICruiseResult).modules.filter(({ source }) => source.endsWith(".ts"));
}, 240_000);

const packageOf = (path: string): string | undefined => /^packages\/([^/]+)\/src\//.exec(path)?.[1];

/** The room of a file: its folder; a file at the top of a package is a room of its own. */
function roomOf(path: string): string {
  const inside = path.replace(/^packages\/[^/]+\/src\//, "");
  return inside.includes("/") ? inside.slice(0, inside.lastIndexOf("/")) : inside;
}

it("the walk sees the imports of all packages", () => {
  const found = new Set(modules.map(({ source }) => packageOf(source)));
  expect(found.size).toBe(publishedPackages().length);
  const arrows = modules.flatMap(({ source, dependencies }) =>
    dependencies.filter(({ resolved }) => packageOf(resolved) !== packageOf(source)),
  );
  expect(arrows.length).toBeGreaterThan(100);
});

it("packages import what ARCHITECTURE.md's table allows", () => {
  const allowed = mayImport();
  const found = modules.flatMap(({ source, dependencies }) => {
    const own = packageOf(source);
    return dependencies.flatMap(({ resolved }) => {
      const other = packageOf(resolved);
      const isAllowed =
        other === undefined || other === own || allowed.get(own ?? "")?.includes(other);
      return isAllowed ? [] : [`${source} imports ${other}`];
    });
  });
  expect(found).toEqual([]);
});

describe("rooms", () => {
  it.each(publishedPackages().map(({ folder }) => folder))(
    "of %s form no import cycle",
    (folder) => {
      const arrows: Arrows = new Map();
      for (const { source, dependencies } of modules) {
        if (!source.startsWith(`${folder}/src/`)) continue;
        const from = roomOf(source);
        for (const { resolved } of dependencies) {
          if (!resolved.startsWith(`${folder}/src/`) || roomOf(resolved) === from) continue;
          const to = roomOf(resolved);
          const imports = arrows.get(from) ?? new Map<string, string>();
          arrows.set(from, imports.set(to, `${source} → ${resolved}`));
        }
      }
      expect(cycleOf(arrows)).toEqual([]);
    },
  );
});

/** The imports between rooms: from a room, to a room, and one import as a text. */
type Arrows = Map<string, Map<string, string>>;

/** The imports of one cycle through a folder, or none: top-level files may know each other's types. */
function cycleOf(arrows: Arrows): string[] {
  const done = new Set<string>();
  const visit = (room: string, path: readonly (readonly [string, string])[]): string[] => {
    const start = path.findIndex(([name]) => name === room);
    if (start !== -1) {
      const cycle = path.slice(start);
      const hasFolder = cycle.some(([name]) => !name.endsWith(".ts"));
      return hasFolder ? cycle.map(([, text]) => text) : [];
    }
    if (done.has(room)) return [];
    for (const [next, text] of arrows.get(room) ?? []) {
      const cycle = visit(next, [...path, [room, text]]);
      if (cycle.length > 0) return cycle;
    }
    done.add(room);
    return [];
  };
  for (const room of arrows.keys()) {
    const cycle = visit(room, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
