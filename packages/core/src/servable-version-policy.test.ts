import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allVersions as all,
  eligibleVersions,
  latestVersions as latest,
  specificVersions as specific,
  wantedCount,
} from "./servable-version-policy.js";

const found = [3n, 20261120223807123n, 0n, 1764000000000000000n, 12n];

describe("eligibleVersions and wantedCount", () => {
  const newestFirst = [1764000000000000000n, 20261120223807123n, 12n, 3n, 0n];
  it.each([
    ["latest(1)", latest(), newestFirst, 1],
    ["latest(2)", latest(2), newestFirst, 2],
    ["all", all(), newestFirst, Number.POSITIVE_INFINITY],
    ["specific, of those that exist", specific([3, 4n, 12]), [12n, 3n], Number.POSITIVE_INFINITY],
    ["specific with version 0", specific([0]), [0n], Number.POSITIVE_INFINITY],
    ["specific of none", specific([]), [], Number.POSITIVE_INFINITY],
  ])("%s", (_, policy, eligible, wanted) => {
    expect(eligibleVersions(policy, found)).toEqual(eligible);
    expect(wantedCount(policy)).toBe(wanted);
  });

  it("is ordered, contains only versions found, and does not depend on their order", () => {
    const versions = fc.uniqueArray(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }));
    fc.assert(
      fc.property(versions, versions, (some, others) => {
        const expected = [...some].sort((a, b) => (a > b ? -1 : 1));
        expect(eligibleVersions(all(), some)).toEqual(expected);
        expect(eligibleVersions(latest(), [...some].reverse())).toEqual(expected);
        const chosen = eligibleVersions(specific(others), some);
        expect(chosen).toEqual(expected.filter((version) => others.includes(version)));
      }),
    );
  });
});

describe("policies", () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("latest rejects %d", (count) => {
    expect(() => latest(count)).toThrow(
      new RangeError(`latest: expected a positive number of versions; got ${count}`),
    );
  });

  it.each([-1, 1.5, 2 ** 60, 2n ** 63n])("specific rejects %s", (version) => {
    expect(() => specific([version])).toThrow(RangeError);
  });
});
