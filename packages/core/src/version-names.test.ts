import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { versionNames } from "./version-names.js";

describe("versionNames", () => {
  it.each<[string, bigint]>([
    ["0", 0n],
    ["1", 1n],
    ["00000123", 123n],
    ["20261120223807123", 20261120223807123n],
    ["1764000000000000001", 1764000000000000001n],
    ["9223372036854775807", 2n ** 63n - 1n],
  ])("takes %s for a version", (name, version) => {
    expect([...versionNames([name])]).toEqual([[version, [name]]]);
  });

  it.each([
    "9223372036854775808",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x1",
    "1_000",
    "١",
    "",
    ".1",
    "1.tmp",
    "1~",
    "_1",
    "tmp-1",
    "v1",
    "model.tflite",
    "__proto__",
    "lost+found",
    ".DS_Store",
    "1\n",
  ])("ignores %j", (name) => {
    expect(versionNames([name]).size).toBe(0);
  });

  it("lists the names of one number, that with the fewest zeros first", () => {
    expect([...versionNames(["007", "8", "7", "0007", "07"])]).toEqual([
      [7n, ["7", "07", "007", "0007"]],
      [8n, ["8"]],
    ]);
  });

  it("finds every number in any notation and order of names", () => {
    const written = fc.tuple(
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      fc.integer({ min: 0, max: 5 }),
    );
    fc.assert(
      fc.property(fc.array(written), fc.array(fc.string()), (numbers, noise) => {
        const names = numbers.map(([version, zeros]) => "0".repeat(zeros) + version);
        const junk = noise.filter((name) => !/^\d+$/.test(name));
        const found = versionNames([...junk, ...names]);
        expect(new Set(found.keys())).toEqual(new Set(numbers.map(([version]) => version)));
        const sorted = (all: ReadonlyMap<bigint, readonly string[]>) =>
          [...all].sort(([a], [b]) => (a < b ? -1 : 1));
        const unique = [...new Set(names)];
        expect(sorted(versionNames(unique))).toEqual(sorted(versionNames([...unique].reverse())));
      }),
    );
  });
});
