import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./workspace.mjs";

const folder = join(root, "examples");
const readme = readFileSync(join(folder, "README.md"), "utf8");

describe("examples/README.md", () => {
  it("lists every example, and no other", () => {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || /(?<!\.test)\.ts$/.test(entry.name))
      .map(({ name }) => name)
      .filter((name) => !["node_modules", "run-example.ts"].includes(name));
    const listed = [...readme.matchAll(/\]\(([\w.-]+)\)/g)].map(([, name]) => name);
    expect(listed.sort()).toEqual(names.sort());
  });

  it("starts files that exist", () => {
    const started = [...readme.matchAll(/\| `([\w./-]+\.ts)` \|/g)].map(([, file = ""]) => file);
    expect(started.length).toBeGreaterThan(10);
    expect(started.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });
});
