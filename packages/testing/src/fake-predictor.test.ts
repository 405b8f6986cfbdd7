import { tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.js";
import { FakePredictor } from "./fake-predictor.js";

const inputs = { x: tensor("float32", [2], [1, 5]) };

describe("FakePredictor", () => {
  it("predicts a * x + b and counts the rows of each run", async () => {
    const predictor = new FakePredictor({ a: 3, b: -1 });
    const { y } = await predictor.predict(inputs);
    expect(y).toEqual(tensor("float32", [2], [2, 14]));
    expect(predictor.runs).toEqual([2]);
  });

  it("takes its time on the clock, and no longer than a deadline", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor({ runMs: 10, clock });
    const settled: string[] = [];
    const call = (name: string, options = {}) =>
      predictor.predict(inputs, options).then(
        () => settled.push(name),
        (error) => settled.push(`${name} ${error.reason}`),
      );
    const calls = [
      call("slow"),
      call("late", { deadlineAtMs: 4 }),
      call("timely", { deadlineAtMs: 20 }),
    ];
    await clock.advance(9);
    expect(settled).toEqual(["late DEADLINE_EXCEEDED"]);
    await clock.advance(1);
    expect(settled).toEqual(["late DEADLINE_EXCEEDED", "slow", "timely"]);
    expect(clock.pending).toBe(0);
    await Promise.all(calls);
  });

  it("fails on demand, and then no more", async () => {
    const predictor = new FakePredictor();
    predictor.failRuns(1);
    await expect(predictor.predict(inputs)).rejects.toMatchObject({ reason: "PREDICTION_FAILED" });
    await expect(predictor.predict(inputs)).resolves.toHaveProperty("y");
  });
});
