import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publishedPackages, root } from "./workspace.mjs";

/** The packages that each package may import at run time: the table of ARCHITECTURE.md. */
export function mayImport(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| [^|]+ \| ([a-z, -]+) \|$/gm)];
  const all = publishedPackages().map(({ folder }) => folder.replace("packages/", ""));
  return new Map(
    rows.map(([, name = "", imports = ""]) => {
      const named = imports === "none" ? [] : imports.split(", ");
      return [name, imports === "all" ? all : named];
    }),
  );
}
