import { tensor } from "@serving-kit/inference";
import { FakeClock, FakePredictor } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import {
  bestOf,
  formatBatchingParameters,
  type TuneOptions,
  type TuneResult,
  tune,
} from "./tune.js";

const inputs = { x: tensor("float32", [1], [2]) };

/** Tunes on a clock that advances until all measurements are done. */
async function tuned(
  predictor: FakePredictor,
  clock: FakeClock,
  options: Partial<TuneOptions> = {},
) {
  const results: TuneResult[] = [];
  let isOver = false;
  const tuning = (async () => {
    for await (const result of tune(predictor, {
      inputs,
      clock,
      measureMs: 100,
      callers: 8,
      ...options,
    })) {
      results.push(result);
    }
  })().finally(() => {
    isOver = true;
  });
  const outcome = tuning.catch((error) => error);
  while (!isOver) await clock.advance(1);
  const error = await outcome;
  if (error !== undefined) throw error;
  return results;
}

describe("tune", () => {
  it("measures every combination and finds that a predictor of 10 ms a batch wants large ones", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor({ clock, runMs: 10 });
    const results = await tuned(predictor, clock, {
      maxBatchSizes: [1, 8],
      batchTimeoutsMs: [0, 2],
      slots: [1, 2],
    });
    expect(
      results.map(({ configuration, done, total }) => [
        configuration.timing,
        configuration.maxBatchSize,
        configuration.batchTimeoutMs,
        configuration.timing === "idle-first" ? "cores" : configuration.slots,
        done,
        total,
      ]),
    ).toEqual([
      ["idle-first", 1000, 0, "cores", 1, 7],
      ["batch-timeout", 1, 0, 1, 2, 7],
      ["batch-timeout", 1, 0, 2, 3, 7],
      ["batch-timeout", 8, 0, 1, 4, 7],
      ["batch-timeout", 8, 2, 1, 5, 7],
      ["batch-timeout", 8, 0, 2, 6, 7],
      ["batch-timeout", 8, 2, 2, 7, 7],
    ]);
    const best = bestOf(results) as TuneResult;
    expect(best.configuration.maxBatchSize).toBeGreaterThanOrEqual(8);
    expect(best.meanBatchSize).toBeGreaterThan(4);
    expect(predictor.isDisposed).toBe(false);
  });

  it("throws what the first call rejects with", async () => {
    const clock = new FakeClock();
    await expect(tuned(new FakePredictor({ clock }), clock, { inputs: {} })).rejects.toMatchObject({
      reason: "INPUT_MISSING",
    });
  });

  it("counts calls that fail, and ends when the signal aborts", async () => {
    const clock = new FakeClock();
    const predictor = new FakePredictor({ clock, runMs: 1 });
    const abort = new AbortController();
    const seen: TuneResult[] = [];
    const tuning = (async () => {
      for await (const result of tune(predictor, {
        inputs,
        clock,
        measureMs: 20,
        callers: 1,
        signal: abort.signal,
      })) {
        seen.push(result);
        abort.abort("enough");
      }
    })();
    const outcome = expect(tuning).rejects.toBe("enough");
    await clock.advance(1);
    predictor.failRuns();
    await clock.advance(50);
    await outcome;
    expect(seen).toHaveLength(1);
    expect(seen[0]?.failed).toBeGreaterThan(0);
  });
});

describe("bestOf", () => {
  const result = (callsPerSecond: number, p99Ms: number, failed = 0): TuneResult => ({
    configuration: { maxBatchSize: 8, batchTimeoutMs: 0.5, slots: 2, timing: "batch-timeout" },
    callsPerSecond,
    p50Ms: 1,
    p99Ms,
    meanBatchSize: 4,
    failed,
    done: 1,
    total: 1,
  });

  it("prefers the most calls a second, then the lower latency", () => {
    const [slow, fast, calm] = [result(500, 1), result(1000, 9), result(990, 4)];
    expect(bestOf([slow, fast, calm])).toBe(calm);
    expect(bestOf([slow, fast, calm], 2)).toBe(slow);
    expect(bestOf([fast], 2)).toBeUndefined();
    expect(bestOf([result(2000, 1, 3), slow])).toBe(slow);
  });

  it("is written as TF Serving's parameters", () => {
    expect(formatBatchingParameters(result(1, 1).configuration)).toBe(
      "max_batch_size { value: 8 }\nbatch_timeout_micros { value: 500 }\nnum_batch_threads { value: 2 }\n",
    );
  });
});
