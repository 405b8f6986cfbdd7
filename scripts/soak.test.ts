import { expect, it } from "vitest";
import { growthOf } from "./soak/growth.js";

const samples = (minutes: number, mbAt: (minute: number, i: number) => number) =>
  Array.from({ length: 60 * minutes }, (_, i) => ({ minute: i / 60, mb: mbAt(i / 60, i) }));

it("growth is that of the least memory of each minute", () => {
  const sawtooth = (minute: number, i: number) => 500 + 2 * Math.floor(minute) + (i % 7) * 13;
  expect(growthOf(samples(10, sawtooth))).toBeCloseTo(2);
  expect(growthOf(samples(10, () => 500))).toBe(0);
  expect(growthOf(samples(10, (minute) => 500 - 3 * Math.floor(minute)))).toBeCloseTo(-3);
  expect(growthOf(samples(1, () => 500))).toBeNaN();
});
