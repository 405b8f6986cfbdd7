import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DurationHistogram } from "./duration-histogram.js";

describe("DurationHistogram", () => {
  it("is all zero while nothing was recorded", () => {
    expect(new DurationHistogram().summary()).toEqual({
      count: 0,
      mean: 0,
      p50: 0,
      p95: 0,
      p99: 0,
      max: 0,
    });
  });

  it("returns percentiles that are never below the exact one and at most 12.5 % or 1 us above", () => {
    const ms = fc.array(fc.double({ min: 0, max: 2e6, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(ms, (durations) => {
        const histogram = new DurationHistogram();
        for (const duration of durations) histogram.record(duration);
        const summary = histogram.summary();
        const sorted = [...durations].sort((a, b) => a - b);
        expect(summary.count).toBe(durations.length);
        expect(summary.max).toBe(sorted.at(-1));
        for (const [key, fraction] of [
          ["p50", 0.5],
          ["p95", 0.95],
          ["p99", 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(durations.length * fraction) - 1] as number;
          expect(summary[key]).toBeGreaterThanOrEqual(exact);
          expect(summary[key]).toBeLessThanOrEqual(1.125 * exact + 0.002);
        }
      }),
    );
  });

  it("accepts durations beyond its last bucket", () => {
    const histogram = new DurationHistogram();
    histogram.record(1e12);
    expect(histogram.summary()).toMatchObject({ p50: 1e12, max: 1e12 });
  });
});
