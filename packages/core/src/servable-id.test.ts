import { describe, expect, it } from "vitest";
import {
  formatServableId,
  isSameServable,
  isVersion,
  MAX_VERSION,
  parseVersion,
  servableId,
  toVersion,
} from "./servable-id.js";

describe("servableId", () => {
  it.each<[bigint | number, bigint]>([
    [0, 0n],
    [3, 3n],
    [20170111173521123n, 20170111173521123n],
    [MAX_VERSION, MAX_VERSION],
    [Number.MAX_SAFE_INTEGER, 9007199254740991n],
  ])("takes %s", (given, version) => {
    expect(servableId("m", given)).toEqual({ name: "m", version });
  });

  it.each<[bigint | number, string]>([
    [1.5, "a version must be an integer; got 1.5. Pass versions beyond 2^53 - 1 as bigint"],
    [2 ** 53, "a version must be an integer; got 9007199254740992. Pass versions beyond"],
    [Number.NaN, "a version must be an integer; got NaN"],
    [-1, `a version must be between 0 and ${MAX_VERSION}; got -1`],
    [2n ** 63n, "got 9223372036854775808"],
  ])("refuses %s", (given, message) => {
    expect(() => toVersion(given)).toThrow(RangeError);
    expect(() => servableId("m", given)).toThrow(message);
  });

  it("is written as TF Serving writes it", () => {
    expect(formatServableId(servableId("digits", 3))).toBe("{name: digits version: 3}");
  });

  it("is the same when name and version are", () => {
    expect(isSameServable(servableId("a", 1), servableId("a", 1n))).toBe(true);
    expect(isSameServable(servableId("a", 1), servableId("a", 2))).toBe(false);
    expect(isSameServable(servableId("a", 1), servableId("b", 1))).toBe(false);
  });
});

describe("parseVersion", () => {
  it.each<[string, bigint | undefined]>([
    ["0", 0n],
    ["123", 123n],
    ["00000123", 123n],
    ["9223372036854775807", MAX_VERSION],
    ["9223372036854775808", undefined],
    ["0".repeat(64), 0n],
    ["0".repeat(65), undefined],
    ["", undefined],
    [" 1", undefined],
    ["+1", undefined],
    ["-1", undefined],
    ["1.0", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["1\n", undefined],
    ["١", undefined],
    ["2.denied", undefined],
  ])("%j is %s", (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });
});

describe("isVersion", () => {
  it.each<[unknown, boolean]>([
    [0n, true],
    [MAX_VERSION, true],
    [-1n, false],
    [MAX_VERSION + 1n, false],
    [1, false],
    ["1", false],
    [undefined, false],
  ])("%s: %s", (value, expected) => {
    expect(isVersion(value)).toBe(expected);
  });
});
