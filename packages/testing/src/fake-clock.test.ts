import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.js";

describe("FakeClock", () => {
  it("runs timers in order of due time, equal ones in order of setting, each at its time", async () => {
    const clock = new FakeClock(100);
    const seen: [string, number][] = [];
    for (const [name, delayMs] of [
      ["late", 7],
      ["a", 5],
      ["early", 2],
      ["b", 5],
    ] as const) {
      clock.setTimeout(() => seen.push([name, clock.now()]), delayMs);
    }
    await clock.advance(6);
    expect(seen).toEqual([
      ["early", 102],
      ["a", 105],
      ["b", 105],
    ]);
    expect(clock.now()).toBe(106);
    expect(clock.pending).toBe(1);
    expect(clock.nextDueAtMs).toBe(107);
  });

  it("runs what a callback sets within the same advance, when it becomes due", async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const again = () => {
      seen.push(clock.now());
      clock.setTimeout(again, 10);
    };
    clock.setTimeout(again, 10);
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
  });

  it("lets promise chains settle after each callback", async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.setTimeout(async () => {
      for (let i = 0; i < 50; i++) await null;
      seen.push("settled");
    }, 1);
    clock.setTimeout(() => seen.push("next"), 1);
    await clock.advance(1);
    expect(seen).toEqual(["settled", "next"]);
  });

  it("runs immediates at the next advance, before timers, and never runs what was disposed", async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.setTimeout(() => seen.push("timer"), 1);
    const disposed = clock.setTimeout(() => seen.push("disposed"), 1);
    clock.setImmediate(() => {
      seen.push("immediate");
      disposed[Symbol.dispose]();
      disposed[Symbol.dispose]();
    });
    expect(clock.pending).toBe(3);
    await clock.advance();
    expect(seen).toEqual(["immediate"]);
    await clock.advance(1);
    expect(seen).toEqual(["immediate", "timer"]);
    expect(clock.pending).toBe(0);
  });

  it("accepts delays below 1 ms as 1 ms, as Node does", async () => {
    const clock = new FakeClock();
    let runs = 0;
    for (const delayMs of [0, -5, 0.25, Number.NaN]) clock.setTimeout(() => runs++, delayMs);
    await clock.advance(0.999);
    expect(runs).toBe(0);
    await clock.advance(0.001);
    expect(runs).toBe(4);
  });

  it("rejects with the error of a callback, and continues at the next advance", async () => {
    const clock = new FakeClock();
    let ran = false;
    clock.setTimeout(() => {
      throw new Error("broken callback");
    }, 1);
    clock.setTimeout(() => (ran = true), 1);
    await expect(clock.advance(5)).rejects.toThrow("broken callback");
    expect([clock.now(), ran]).toEqual([1, false]);
    await clock.advance();
    expect(ran).toBe(true);
  });

  it("makes overlapping advances follow one another", async () => {
    const clock = new FakeClock();
    await Promise.all([clock.advance(1), clock.advance(2), clock.advance(3)]);
    expect(clock.now()).toBe(6);
  });

  it("throws if it is set backwards", () => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new FakeClock().advance(ms)).toThrow(RangeError);
    }
  });

  it("reports it when the callbacks of one moment never end", async () => {
    const clock = new FakeClock();
    const again = () => void clock.setImmediate(again);
    clock.setImmediate(again);
    await expect(clock.advance()).rejects.toThrow("expected them to end");
  });
});
