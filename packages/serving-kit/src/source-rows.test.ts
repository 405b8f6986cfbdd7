import { expect, it } from "vitest";
import { builtIns } from "./built-ins.js";
import { loadSources, optionalSource } from "./source-rows.js";

const provider = { schemes: ["memory"], create: () => ({}) as never };

it("loadSources takes what modules export, and names the command that installs the others", async () => {
  const rows = [
    { scheme: "memory", install: "", load: async () => ({ sourceProviders: () => [provider] }) },
    optionalSource("s9", "@serving-kit/no-such-package/s9"),
  ];
  expect(await loadSources(rows)).toEqual([
    provider,
    { schemes: ["s9"], install: "npm install @serving-kit/no-such-package" },
  ]);
});

it("loadSources rejects a module that exports no provider", async () => {
  const row = { scheme: "s9", install: "", load: async () => ({ sourceProviders: [1] }) };
  await expect(loadSources([row])).rejects.toMatchObject({
    reason: "PLUGIN_INVALID",
    message: expect.stringContaining("the source of s9: sourceProviders[0] must be a source"),
  });
});

it("an optional source is found by the name of its package", async () => {
  const exports = await optionalSource("x", "@serving-kit/core/package.json").load({});
  expect(exports).toBeDefined();
});

it("the file system and S3 are in the table", () => {
  expect(builtIns.sourceProviders.map(({ scheme }) => scheme)).toEqual(["file", "s3"]);
});
