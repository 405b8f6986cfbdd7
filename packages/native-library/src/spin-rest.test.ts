import { expect, it } from "vitest";
import { SpinRest } from "./spin-rest.js";

it("SpinRest rests after a long yield, for longer if the next one comes soon, and for at most 3.2 s", () => {
  const rest = new SpinRest();
  let now = 0;
  rest.yielded(now, now + 0.05);
  expect(rest.isOn(now + 0.05)).toBe(false);
  const rests: number[] = [];
  for (let i = 0; i < 7; i++) {
    rest.yielded(now, now + 3);
    const start = now + 3;
    for (now = start; rest.isOn(now); ) now += 1;
    rests.push(now - start);
  }
  expect(rests).toEqual([100, 200, 400, 800, 1_600, 3_200, 3_200]);
  now += 3_200;
  rest.yielded(now, now + 3);
  expect([rest.isOn(now + 102), rest.isOn(now + 103)]).toEqual([true, false]);
});
