import { describe, expect, it } from "vitest";
import { parseYaml } from "./model-config-yaml.js";
import { checkYamlBounds } from "./yaml-bounds.js";

const MEGABYTE = 2 ** 20;

describe("checkYamlBounds", () => {
  it.each([
    ["brackets", "[".repeat(MEGABYTE), "expected at most 64 levels; got more (line 1)"],
    ["braces", `\n{a:${"{b:".repeat(70)}`, "expected at most 64 levels; got more (line 2)"],
    ["dashes", "- ".repeat(MEGABYTE / 2), "expected at most 64 levels; got more (line 1)"],
    ["explicit keys", "? ".repeat(MEGABYTE / 2), "expected at most 64 levels; got more (line 1)"],
    ["a long value", `a: ${"b".repeat(70_000)}`, "at most 65536 characters in one value (line 1)"],
    [
      "a long text",
      `a: b\nc: "${"b\n ".repeat(30_000)}"`,
      "65536 characters in one value (line 2)",
    ],
    ["many digits", `a: ${"9".repeat(50_000)}`, "expected at most 1000 digits (line 1)"],
    ["many binary bytes", `a: !!binary ${"QUJD".repeat(20_000)}`, "characters in one value"],
  ])("refuses %s", (_, text, message) => {
    expect(() => checkYamlBounds(text)).toThrow(message);
  });

  it.each([
    ["brackets in a text", `a: "${"[".repeat(1_000)}"`],
    ["brackets that are closed", `[${"[],".repeat(1_000)}]`],
    ["dashes in many lines", "- a\n".repeat(1_000)],
    ["negative numbers", `[${"-1, ".repeat(1_000)}]`],
  ])("accepts %s", (_, text) => {
    expect(() => parseYaml(text)).not.toThrow();
  });
});

describe("parseYaml", () => {
  it("rejects a key that is given twice, in any mapping", () => {
    expect(() => parseYaml("a: 1\nb: { c: 1, d: 2, c: 3 }")).toThrow(
      "Map keys must be unique (line 2, column 18)",
    );
    expect(parseYaml("a: { c: 1 }\nb: { c: 1 }")).toEqual({ a: { c: 1 }, b: { c: 1 } });
  });

  it("reads many keys of one mapping", () => {
    const keys = Array.from({ length: 60_000 }, (_, i) => `"k${i}": 1`);
    const read = parseYaml(`{${keys.join(",")}}`) as object;
    expect(Object.keys(read)).toHaveLength(60_000);
  }, 60_000);
});
