import { expect, it } from "vitest";
import { importPlugin, modulesOf } from "./plugin-module.js";

const moduleOf = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;

it.each([
  ["the plugin", `export default { name: "a" }`],
  ["an array with it", `export default [{ name: "b" }, { name: "a" }]`],
  ["a function of the options", `export default async (name) => ({ name })`],
  ["a function that returns an array", `export default (name) => [{ name: "b" }, { name }]`],
])("imports %s", async (_, text) => {
  const plugin = { name: "a", module: { url: moduleOf(text), options: "a" } };
  const [shared] = modulesOf("protocol", [plugin]);
  expect(await importPlugin(shared as NonNullable<typeof shared>)).toEqual({ name: "a" });
});

it.each([
  ["no such export", `export const other = { name: "a" }`, "undefined"],
  ["another name", `export default { name: "b" }`, "the name b"],
  [
    "an array without it",
    `export default [{ name: "b" }, null, {}]`,
    "[the name b, null, an object without a name]",
  ],
])("refuses %s", async (_, text, got) => {
  await expect(importPlugin({ name: "a", url: moduleOf(text) })).rejects.toMatchObject({
    reason: "PLUGIN_UNFIT",
    message: expect.stringMatching(/^plugin a: expected "default" of data:/),
  });
  await expect(importPlugin({ name: "a", url: moduleOf(text) })).rejects.toThrow(`got ${got}`);
});

it("a plugin without a module is not shared", () => {
  expect(() => modulesOf("observer", [{ name: "a" }])).toThrow(
    expect.objectContaining({ reason: "PLUGIN_NOT_SHARED" }),
  );
});
