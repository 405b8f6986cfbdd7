import { expect, it } from "vitest";
import { SpinRest } from "./spin-rest.js";

/** Records long yields, 3 ms each and one after the other, until spins are off. Returns how many it took, and the time. */
function exhaust(rest: SpinRest, from: number): { count: number; now: number } {
  let now = from;
  for (let count = 1; ; count++) {
    rest.yielded(now, now + 3);
    now += 3;
    if (rest.isOn(now)) return { count, now };
  }
}

it("SpinRest rests when long yields have taken 10 ms, for longer if it is soon again, and for at most 3.2 s", () => {
  const rest = new SpinRest();
  let now = 0;
  for (let i = 0; i < 1_000; i++) rest.yielded(now, ++now - 0.5);
  expect(rest.isOn(now), "after yields of half a millisecond").toBe(false);
  const rests: number[] = [];
  for (let i = 0; i < 7; i++) {
    const long = exhaust(rest, now);
    expect(long.count).toBeLessThanOrEqual(5);
    for (now = long.now; rest.isOn(now); ) now += 1;
    rests.push(now - long.now);
  }
  expect(rests).toEqual([100, 200, 400, 800, 1_600, 3_200, 3_200]);
  now += 3_200;
  const { now: last } = exhaust(rest, now);
  expect([rest.isOn(last + 99), rest.isOn(last + 100)]).toEqual([true, false]);
});

it("SpinRest ignores long yields that take less than a tenth of the time", () => {
  const rest = new SpinRest();
  for (let now = 0; now < 60_000; now += 50) {
    rest.yielded(now, now + 4);
    expect(rest.isOn(now + 4)).toBe(false);
  }
});
