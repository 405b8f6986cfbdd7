import { describe, expect, it } from "vitest";
import { isVersionWithin } from "./version-range.js";

describe("isVersionWithin", () => {
  it.each([
    ["2.9.0", { atLeast: "2.3" }, true],
    ["2.9.0", { atLeast: "2.9" }, true],
    ["2.21.0", { atLeast: "2.9" }, true],
    ["2.21.0-rc1", { atLeast: "2.21" }, true],
    ["2.2.9", { atLeast: "2.3" }, false],
    ["3.0.0", { atLeast: "2.3", below: "3" }, false],
    ["2.99", { atLeast: "2.3", below: "3" }, true],
    ["", { atLeast: "2.3" }, false],
    ["unknown", { atLeast: "0" }, false],
  ])("says of %j and %j: %s", (version, range, expected) => {
    expect(isVersionWithin(version, range)).toBe(expected);
  });
});
