import { describe, expect, it } from "vitest";
import { COMPLETE, checkCompleteness, incomplete } from "./completeness.js";

describe("checkCompleteness", () => {
  it("accepts both kinds of answer", () => {
    checkCompleteness(COMPLETE);
    checkCompleteness(incomplete("model.json is missing"));
    checkCompleteness(incomplete("it is a zip", "unpack it"));
  });

  it.each([
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    ["model.json is missing", "model.json is missing"],
    [{ isComplete: false }, '{"isComplete":false}'],
  ])("refuses %j", (answer, got) => {
    expect(() => checkCompleteness(answer)).toThrow(
      `isComplete must return { isComplete: true } or { isComplete: false, problem: string }; got ${got}`,
    );
  });
});
