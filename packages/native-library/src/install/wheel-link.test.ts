import { describe, expect, it } from "vitest";
import type { Wheel } from "./wheel.js";
import { parseWheelLink } from "./wheel-link.js";

const wheel: Wheel = {
  package: "tensorflow-cpu",
  platforms: ["manylinux_2_27_x86_64", "manylinux2014_x86_64"],
};
const a = "a".repeat(64);
const b = "b".repeat(64);
const name = (platform = "manylinux_2_27_x86_64") =>
  `tensorflow_cpu-1.2.3-cp311-cp311-${platform}.whl`;
const line = (url: string) =>
  `  Found link ${url} (from https://index.example/simple/tensorflow-cpu/) (requires-python:>=3.9), version: 1.2.3\n`;
const parse = (output: string, sha256?: string) => parseWheelLink(output, wheel, "1.2.3", sha256);

describe("parseWheelLink", () => {
  it("finds the wheel of the version, for the newest platform", () => {
    const output = [
      line(`https://files.example/x/tensorflow_cpu-1.2.30-cp311-cp311-any.whl#sha256=${b}`),
      line(`https://files.example/x/${name("manylinux2014_x86_64")}#sha256=${b}`),
      `  Skipping link: none of the wheel's tags match: https://files.example/${name()}#sha256=${b}\n`,
      line(`https://files.example/y/${name()}#sha256=${a}`),
    ].join("");
    const url = `https://files.example/y/${name()}`;
    expect(parse(output)).toEqual({ url, name: name(), sha256: a });
  });

  it("accepts the checksum that is known, and no wheel with another", () => {
    const bare = line(`https://files.example/${name()}`);
    expect(parse(bare)).toBeUndefined();
    expect(parse(bare, a)?.sha256).toBe(a);
    expect(parse(line(`https://files.example/${name()}#sha256=${b}`), a)).toBeUndefined();
  });

  it.each([
    ["that needs a login", `https://name:****@files.example/${name()}#sha256=${a}`],
    ["that is a file already", `file:///wheels/${name()}#sha256=${a}`],
    [
      "with a path in its name",
      `https://files.example/tensorflow_cpu-1.2.3-%2e%2e%2fx.whl#sha256=${a}`,
    ],
  ])("leaves a link %s to pip", (_, url) => {
    expect(parse(line(url))).toBeUndefined();
  });
});
