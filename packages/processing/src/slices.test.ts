import { describe, expect, it } from "vitest";
import { type Sliced, Slices } from "./slices.js";

describe("Slices", () => {
  const work = (log: string[], name: string, count: number) =>
    (function* (): Sliced<string> {
      for (let i = 0; i < count; i++) {
        log.push(`${name}${i}`);
        yield;
      }
      return name;
    })();

  it("runs one slice in each turn of the event loop, the oldest work first", async () => {
    const slices = new Slices();
    const log: string[] = [];
    let isTurning = true;
    const turns = () => {
      log.push("turn");
      if (isTurning) setImmediate(turns); // real turns: not of a Clock
    };
    const results = Promise.all([slices.run(work(log, "a", 2)), slices.run(work(log, "b", 2))]);
    setImmediate(turns); // as above, not of a Clock
    expect(log).toEqual([]);
    expect(await results).toEqual(["a", "b"]);
    isTurning = false;
    const between = log
      .join(" ")
      .split("turn")
      .map((part) => part.trim().split(" ").length);
    expect(Math.max(...between)).toBe(1);
    expect(log.filter((one) => one !== "turn")).toEqual(["a0", "a1", "b0", "b1"]);
  });

  it("rejects with what a work throws, and with the reason of the signal, and runs the others", async () => {
    const slices = new Slices();
    const failing = (function* (): Sliced<void> {
      yield;
      throw new Error("broken");
    })();
    const controller = new AbortController();
    const log: string[] = [];
    const aborted = slices.run(work(log, "a", 1000), controller.signal);
    controller.abort(new Error("enough"));
    const outcomes = await Promise.allSettled([
      aborted,
      slices.run(failing),
      slices.run(work(log, "b", 1)),
    ]);
    expect(outcomes.map((o) => (o.status === "fulfilled" ? o.value : o.reason.message))).toEqual([
      "enough",
      "broken",
      "b",
    ]);
    expect(log).toEqual(["b0"]);
  });
});
