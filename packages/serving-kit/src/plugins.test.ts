import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseFlags } from "./flags.js";
import { pluginFlags, readPlugins, withPlugins } from "./plugins.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-plugins-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** Writes a module in a file of its own, since Node imports a file once. */
function module(text: string): string {
  const path = join(folder, `plugin-${count++}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** What definePlatform makes, in a module that imports nothing. */
const FACTORY = `const make = (platformName) => Object.assign(() => Object.assign((source) => source, {
  platformName, loader() {}, accepts: async () => false, isComplete: async () => ({ isComplete: true }),
}), { platformName });`;

const namesOf = async (...names: string[]) =>
  (await readPlugins(names)).platforms.map(({ platformName }) => platformName);

describe("--plugins", () => {
  it("may be repeated, and is a list as well", () => {
    const { flags } = parseFlags(pluginFlags, ["--plugins=a,b", "--plugins", "c"]);
    expect(flags.plugins).toEqual(["a", "b", "c"]);
    expect(parseFlags(pluginFlags, []).flags.plugins).toEqual([]);
  });
});

describe("readPlugins", () => {
  it("takes platforms, factories, functions and promises of either, one or several", async () => {
    for (const exported of [
      `make("a")`,
      `make("a")()`,
      `[make("a")()]`,
      `() => [make("a")]`,
      `async () => make("a")()`,
    ]) {
      expect(await namesOf(module(`${FACTORY} export const platforms = ${exported};`))).toEqual([
        "a",
      ]);
    }
    const first = module(`${FACTORY} export const platforms = [make("a"), make("b")];`);
    const second = module(`${FACTORY} export const platforms = make("c");`);
    expect(await namesOf(first, second)).toEqual(["a", "b", "c"]);
  });

  it("resolves paths against the working directory, and names as packages", async () => {
    const path = module(`${FACTORY} export const platforms = make("a");`);
    expect(await namesOf(relative(process.cwd(), path))).toEqual(["a"]);
    await expect(readPlugins(["rxjs"])).rejects.toMatchObject({ reason: "PLUGIN_INVALID" });
  });

  it.each([
    ["./nowhere.mjs", "PLUGIN_NOT_FOUND", "expected the path of a module, such as ./plugin.mjs"],
    ["no-such-package", "PLUGIN_NOT_FOUND", "or the name of an installed package; got no-such-"],
    [module("throw new Error('no luck');"), "PLUGIN_FAILED", "failed: no luck"],
    [module("import './nowhere.js';"), "PLUGIN_FAILED", "Cannot find module"],
    [
      module("export const a = 1;"),
      "PLUGIN_INVALID",
      "to export platforms or sourceProviders; it exports a",
    ],
    [
      module("export const platforms = [1];"),
      "PLUGIN_INVALID",
      "platforms[0] must be a platform, as definePlatform makes it; got number",
    ],
    [module("export const platforms = null;"), "PLUGIN_INVALID", "platforms must be"],
    [
      module("export const platforms = () => { throw new Error('not today'); };"),
      "PLUGIN_FAILED",
      "failed: not today",
    ],
    [module("export const platforms = () => undefined;"), "PLUGIN_INVALID", "got undefined"],
  ])("refuses %s with %s", async (name, reason, message) => {
    await expect(readPlugins([name])).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(/^--plugins: /),
    });
    await expect(readPlugins([name])).rejects.toThrow(message);
  });
});

describe("source providers of plugins", () => {
  it("have schemes and make a source", async () => {
    const path = module(`export const sourceProviders = { schemes: ["memory"], create() {} };`);
    const { sourceProviders, platforms } = await readPlugins([path]);
    expect(sourceProviders.map(({ schemes }) => schemes)).toEqual([["memory"]]);
    expect(platforms).toEqual([]);
  });

  it.each([
    `{ schemes: "memory", create() {} }`,
    `{ schemes: [], create() {} }`,
    `{ schemes: ["a"] }`,
  ])("are refused if they are %s", async (text) => {
    const path = module(`export const sourceProviders = [${text}];`);
    await expect(readPlugins([path])).rejects.toThrow(
      "sourceProviders[0] must be a source provider with schemes and create; got object",
    );
  });
});

describe("withPlugins", () => {
  it("puts platforms of plugins before a table, and in the place of rows of their name", async () => {
    const path = module(`${FACTORY} export const platforms = [make("a"), make("b")];`);
    const row = (name: string) => ({ name, load: () => Promise.reject(new Error("not loaded")) });
    const rows = await withPlugins([row("b"), row("c")], [path]);
    expect(rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect((await rows[1]?.load())?.platformName).toBe("b");
  });
});
