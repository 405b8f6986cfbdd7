import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseFlags } from "./flags.js";
import { type PluginPlace, pluginFlags, readPlugins, withPlugins } from "./plugins.js";
import { plugin as threadPlugin } from "./thread-plugins.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-plugins-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** Writes a module in a file of its own, since Node imports a file once. */
function module(text: string): string {
  const path = join(folder, `plugin-${count++}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** A platform as `definePlatform` makes it, in a module that imports nothing. */
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
  it("accepts platforms, factories, functions and promises of either, one or several", async () => {
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
      "to export platforms or protocols or sourceProviders or observers or acquire; it exports a",
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

describe("protocols, observers and acquire decorators of plugins", () => {
  const text = `export const protocols = { name: "echo", apis: [], http() {} };
    export const observers = () => [{ name: "watch", observe() {} }];
    export const acquire = { name: "split", decorate() {} };`;

  it("are read, with the locations where other event loops find them", async () => {
    const path = module(text);
    const { protocols, observers, acquire } = await readPlugins([path]);
    const plugins = { protocols, observers, acquire };
    for (const [kind, [found]] of Object.entries(plugins)) {
      const { url, exportName, options } = found?.module ?? {};
      expect([String(url).replace(/.*\//, ""), exportName]).toEqual([
        "thread-plugins.ts",
        "plugin",
      ]);
      expect(options).toEqual({ module: path, kind, name: found?.name });
      expect(await threadPlugin(options as PluginPlace)).toMatchObject({ name: found?.name });
    }
  });

  it("keep a module of their own", async () => {
    const own = `{ name: "echo", apis: [], grpc() {}, module: { url: "file:///echo.mjs" } }`;
    const { protocols } = await readPlugins([module(`export const protocols = ${own};`)]);
    expect(protocols[0]?.module).toEqual({ url: "file:///echo.mjs" });
  });

  it.each([
    ["protocols", `{ name: "echo", apis: [] }`, "a protocol with name, apis, and http or grpc"],
    ["protocols", `{ name: "", apis: [], http() {} }`, "a protocol with"],
    ["observers", `{ name: "watch" }`, "an observer with name and observe"],
    ["acquire", `{ decorate() {} }`, "an acquire decorator with name and decorate"],
  ])("are refused as %s if they are %s", async (kind, value, expected) => {
    const path = module(`export const ${kind} = ${value};`);
    await expect(readPlugins([path])).rejects.toThrow(`${kind} must be ${expected}`);
  });
});

describe("withPlugins", () => {
  it("puts platforms of plugins before a table, and instead of rows of their name", async () => {
    const path = module(`${FACTORY} export const platforms = [make("a"), make("b")];`);
    const row = (name: string) => ({ name, load: () => Promise.reject(new Error("not loaded")) });
    const rows = await withPlugins([row("b"), row("c")], [path]);
    expect(rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect((await rows[1]?.load())?.platformName).toBe("b");
  });
});
