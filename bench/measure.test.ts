import { describe, expect, it } from "vitest";
import { isReached } from "./figure.js";
import { measure, median, speedRatio, spreadOf } from "./measure.js";

describe("measuring", () => {
  it("alternates contenders and returns the time of one operation", async () => {
    const turns: string[] = [];
    const busy = (name: string, factor: number) => (operations: number) => {
      turns.push(name);
      let sum = 0;
      for (let i = 0; i < operations * factor; i++) sum += Math.sqrt(i);
      return sum;
    };
    const options = { rounds: 4, roundMs: 5, warmUpMs: 10 };
    const { slow, fast } = await measure({ slow: busy("a", 200), fast: busy("b", 10) }, options);
    expect(turns.slice(-8).join("")).toBe("abbaabba");
    expect(fast.rounds).toHaveLength(4);
    expect(speedRatio(fast, slow)).toBeGreaterThan(2);
    expect(slow.perSecond).toBeCloseTo(1e9 / slow.nsPerOperation);
  });

  it.each([
    [[3], 3, 0],
    [[1, 2, 3, 4], 2.5, 40],
    [[10, 10, 10, 1000], 10, 0],
  ])("of %j has the median %d and a spread of %d %%", (values, middle, spread) => {
    expect(median(values)).toBe(middle);
    expect(spreadOf(values)).toBeCloseTo(spread);
  });
});

describe("a figure", () => {
  it.each([
    [{ value: 5, goal: { atLeast: 5 } }, true],
    [{ value: 4, goal: { atLeast: 5 } }, false],
    [{ value: 5, goal: { atMost: 5 } }, true],
    [{ value: 6, goal: { atMost: 5 } }, false],
    [{ value: Number.NaN, goal: { atMost: 5 } }, false],
    [{ value: 6 }, undefined],
  ])("%j is reached: %s", (figure, reached) => {
    expect(isReached({ name: "n", unit: "u", ...figure })).toBe(reached);
  });
});
