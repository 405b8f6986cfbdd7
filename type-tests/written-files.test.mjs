import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelTypes } from "../packages/serving-kit/src/model-types.ts";
import { programs } from "./compilers.mjs";

describe("the files that serving-kit types writes", () => {
  const image = { dtype: "float32", shape: [-1, 64] };
  const probabilities = { dtype: "float32", shape: [-1, 10] };
  const signatures = { serving_default: { inputs: { image }, outputs: { probabilities } } };
  it.each([
    ["digits.ts", false],
    ["digits-of-js.js", true],
  ])("are those of the programs: %s", (file, isJavaScript) => {
    const options = { path: "examples/models/digits", name: "digits", isJavaScript };
    expect(modelTypes({ signatures }, options)).toBe(readFileSync(join(programs, file), "utf8"));
  });
});
