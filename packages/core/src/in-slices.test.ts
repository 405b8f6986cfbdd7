import { describe, expect, it, vi } from "vitest";
import { inSlices, runToEnd, type Steps } from "./in-slices.js";

/** Work of some steps, each of which takes 2 ms. */
function work(steps: number) {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const done: number[] = [];
  function* run(): Steps<string> {
    for (let step = 0; step < steps; step++) {
      nowMs += 2;
      done.push(step);
      yield;
    }
    return "done";
  }
  return { run: run(), done };
}

describe("inSlices", () => {
  it("lets the event loop turn after every 3 ms of work", async () => {
    const { run, done } = work(6);
    const seen: number[] = [];
    const watch = () => {
      seen.push(done.length);
      if (done.length < 6) setImmediate(watch);
    };
    setImmediate(watch);
    expect(await inSlices(run)).toBe("done");
    expect(seen.slice(0, 3)).toEqual([2, 4, 6]);
  });

  it("stops when the check throws", async () => {
    const { run, done } = work(100);
    let checks = 0;
    const slices = inSlices(run, () => {
      if (++checks === 3) throw new Error("the call has ended");
    });
    await expect(slices).rejects.toThrow("the call has ended");
    expect(done).toHaveLength(6);
  });
});

it("runToEnd runs work without a pause", () => {
  const { run, done } = work(5);
  expect(runToEnd(run)).toBe("done");
  expect(done).toHaveLength(5);
});
