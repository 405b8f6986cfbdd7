import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  checkServables,
  type FilesystemSourceOptions,
  milliseconds,
  resolveServable,
} from "./config.js";
import { filesystemSource } from "./filesystem-source.js";
import { latest } from "./index.js";

describe("checkServables and resolveServable", () => {
  it("makes paths absolute and fills in the policy", () => {
    const servables = checkServables([
      { name: "a", basePath: "models/a/" },
      { name: "__proto__", basePath: "/models/../b//" },
    ]);
    expect(Array.from(servables.values(), (each) => resolveServable(each, "/w"))).toEqual([
      { name: "a", basePath: resolve("/w/models/a"), versionPolicy: latest(1) },
      { name: "__proto__", basePath: "/b", versionPolicy: latest(1) },
    ]);
  });

  it.each<[unknown, string]>([
    [{ name: "", basePath: "/a" }, 'servables: expected a name; got ""'],
    [{ basePath: "/a" }, "servables: expected a name; got undefined"],
    [{ name: "a" }, 'servable "a": expected basePath to be a path; got undefined'],
    [{ name: "a", basePath: "" }, 'servable "a": expected basePath to be a path; got ""'],
    [
      { name: "a", basePath: "/a\0b" },
      'servable "a": expected basePath to be a path; got "/a\\u0000b"',
    ],
    [
      { name: "a", basePath: "s3://bucket/a" },
      'servable "a": expected basePath to be a path of this file system; got the URI s3://bucket/a',
    ],
    [
      { name: "a", basePath: "/a", readyMarker: "../READY" },
      'servable "a": expected readyMarker to be the name of a file; got "../READY"',
    ],
    [
      { name: "a", basePath: "/a", readyMarker: ".." },
      'servable "a": expected readyMarker to be the name of a file; got ".."',
    ],
  ])("refuses %j", (servable, message) => {
    const servables = [servable] as FilesystemSourceOptions["servables"];
    expect(() => checkServables(servables)).toThrow(new TypeError(message));
  });

  it("rejects a name that is listed several times", () => {
    const servables = ["/a", "/b"].map((basePath) => ({ name: "a", basePath }));
    expect(() => checkServables(servables)).toThrow(
      new TypeError('servables: expected unique names; got "a" more than once'),
    );
  });
});

describe("milliseconds", () => {
  it("are the option or its default", () => {
    expect(milliseconds("x", undefined, 5)).toBe(5);
    expect(milliseconds("x", 0, 5)).toBe(0);
  });

  it.each([
    ["pollIntervalMs", -1, 0],
    ["settleMs", Number.NaN, 0],
    ["lookTimeoutMs", 0, 1],
    ["pollIntervalMs", Number.POSITIVE_INFINITY, 0],
  ])("refuse %s = %d", (option, value, min) => {
    expect(() => filesystemSource({ servables: [], [option]: value })).toThrow(
      new RangeError(`${option}: expected milliseconds, at least ${min}; got ${value}`),
    );
  });
});
