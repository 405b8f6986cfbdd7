import { expect, it } from "vitest";
import type { BuiltIns } from "./built-ins.js";
import { builtIns } from "./built-ins.js";
import { type PluginRow, withServerPlugins } from "./server-plugins.js";

const named = (name: string) => ({ name }) as never;
const row = (name: string, ...options: never[]): PluginRow<never> => ({
  name,
  options,
  load: async (given) => ({ name, given: options.map((key) => given[key]) }) as never,
});
const table: BuiltIns = {
  platforms: [],
  protocols: [row("a", "metrics" as never)],
  observers: [row("b")],
  acquire: [row("c")],
  processor: named("p"),
  sourceProviders: [{ scheme: "s9", install: "npm install s9", load: async () => undefined }],
};

it("withServerPlugins replaces the options of rows by the plugins that are made of them", async () => {
  const options = { metrics: {}, tracing: true, protocols: [named("own")] };
  const added = { protocols: [named("added")], observers: [], acquire: [], sourceProviders: [] };
  expect(await withServerPlugins(options, table, added)).toEqual({
    tracing: true,
    protocols: [{ name: "a", given: [{}] }, { name: "added" }, { name: "own" }],
    observers: [{ name: "b", given: [] }],
    acquireDecorators: [{ name: "c", given: [] }],
    processor: { name: "p" },
    sourceProviders: [{ schemes: ["s9"], install: "npm install s9" }],
  });
});

it("withServerPlugins leaves an invalid list for the server to reject", async () => {
  const options = { protocols: 7 as never };
  expect(await withServerPlugins(options, table)).toMatchObject({ protocols: 7 });
});

it("the built-in protocol and observer are those of TF Serving", async () => {
  const { protocols, observers } = await withServerPlugins({}, builtIns);
  expect([protocols?.[0]?.name, observers?.[0]?.name]).toEqual([
    "tensorflow-serving",
    "observability",
  ]);
});
