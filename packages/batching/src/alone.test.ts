import type { PredictOptions, Predictor, Tensor, Tensors } from "@serving-kit/inference";
import { DEFAULT_SIGNATURE, tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { batch } from "./batch.js";
import type { BatchingOptions } from "./batching-options.js";
import { SharedSlots } from "./shared-slots.js";

const spec = { dtype: "float32", shape: [-1] } as const;
const row = (x: number) => ({ x: tensor("float32", [1], [x]) });

/** A predictor that doubles its input, and whose runs end on request. */
function doubling(options: BatchingOptions = {}) {
  const clock = new FakeClock();
  const runs: { rows: number; options: PredictOptions | undefined; end(error?: Error): void }[] =
    [];
  const predictor: Predictor = {
    signatures: new Map([
      [DEFAULT_SIGNATURE, { inputs: new Map([["x", spec]]), outputs: new Map([["y", spec]]) }],
    ]),
    batchable: true,
    predict: ({ x }, given) =>
      new Promise<Tensors>((resolve, reject) => {
        const { data, shape } = x as Tensor<"float32">;
        const end = (error?: Error) =>
          error
            ? reject(error)
            : resolve({
                y: tensor(
                  "float32",
                  [...shape],
                  [...data].map((n) => 2 * n),
                ),
              });
        runs.push({ rows: shape[0] as number, options: given, end });
      }),
  };
  const shared = options.slots === undefined ? { slots: 1, clock } : {};
  const batched = batch(predictor, { ...shared, ...options });
  const settle = async () => {
    for (const run of runs) run.end();
    await clock.advance();
  };
  /** Runs a call through the queue, so that the next one may run alone. */
  const first = async () => {
    const call = batched.predict(row(0));
    await clock.advance();
    await settle();
    await call;
    runs.length = 0;
  };
  return { batched, clock, runs, settle, first };
}

describe("a call that finds its model idle", () => {
  it("runs immediately and unqueued, with its own options, and counts as a batch of one", async () => {
    const { batched, runs, settle, first } = doubling();
    await first();
    const options = { deadlineAtMs: 50, outputs: ["y"] };
    const call = batched.predict(row(4), options);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.options).toBe(options);
    expect(batched.stats()[0]).toMatchObject({ numRunningBatches: 1, numRunningTasks: 1 });
    await settle();
    expect(Array.from((await call).y?.data as Float32Array)).toEqual([8]);
    expect(batched.stats()[0]).toMatchObject({
      ...{ numRunningBatches: 0, numRunningTasks: 0, succeeded: 2, batches: 2 },
      batchSizes: [{ size: 1, count: 2 }],
    });
  });

  it("is joined by no other, and those that come while it runs are joined", async () => {
    const { batched, clock, runs, settle, first } = doubling();
    await first();
    const calls = [1, 2, 3].map((n) => batched.predict(row(n)));
    await clock.advance();
    expect(runs.map(({ rows }) => rows)).toEqual([1]);
    await settle();
    expect(runs.map(({ rows }) => rows)).toEqual([1, 2]);
    await settle();
    const values = (await Promise.all(calls)).map(({ y }) => (y as Tensor<"float32">).data[0]);
    expect(values).toEqual([2, 4, 6]);
  });

  it("is scheduled right after a batch of several, whose callers may come again, and not a while later", async () => {
    const { batched, clock, runs, settle, first } = doubling();
    await first();
    const calls = [1, 2, 3].map((n) => batched.predict(row(n)));
    await clock.advance();
    await settle();
    await settle();
    await Promise.all(calls);
    const scheduled = batched.predict(row(5));
    expect(runs).toHaveLength(2);
    await clock.advance();
    await settle();
    await scheduled;
    const again = [1, 2].map((n) => batched.predict(row(n)));
    await settle();
    await settle();
    await Promise.all(again);
    await clock.advance(1);
    runs.length = 0;
    const alone = batched.predict(row(6));
    expect(runs).toHaveLength(1);
    await settle();
    await alone;
  });

  it("is scheduled if eight have run alone in the same turn, so that calls of a model on the loop meet", async () => {
    const { batched, clock, runs, first } = doubling();
    await first();
    for (let i = 0; i < 8; i++) {
      const call = batched.predict(row(i));
      expect(runs).toHaveLength(i + 1);
      runs[i]?.end();
      await call;
    }
    const calls = [batched.predict(row(8)), batched.predict(row(9))];
    expect(runs).toHaveLength(8);
    await clock.advance();
    expect(runs[8]?.rows).toBe(2);
    runs[8]?.end();
    await Promise.all(calls);
  });

  it("sets no immediate if it comes in a turn of its own", async () => {
    class TurningClock extends FakeClock {
      turn = 0;
      immediates = 0;
      override setImmediate(callback: () => void) {
        this.immediates++;
        return super.setImmediate(callback);
      }
    }
    const clock = new TurningClock();
    const { batched, runs } = doubling({ slots: new SharedSlots({ slots: 1, clock }) });
    const before = batched.predict(row(0));
    await clock.advance();
    runs[0]?.end();
    await before;
    clock.immediates = 0;
    const call = async () => {
      const answer = batched.predict(row(1));
      runs.at(-1)?.end();
      await answer;
    };
    for (clock.turn = 1; clock.turn < 40; clock.turn++) await call();
    expect([clock.immediates, runs.length]).toEqual([0, 40]);
    for (let i = 0; i < 7; i++) await call();
    expect(clock.immediates).toBe(1);
  });

  it("fails with the model's own error, and counts as failed, aborted or expired", async () => {
    const { batched, runs, clock, first } = doubling();
    await first();
    const call = batched.predict(row(1));
    runs[0]?.end(new Error("mine"));
    await expect(call).rejects.toThrow("mine");
    await clock.advance();
    const aborter = new AbortController();
    const aborted = batched.predict(row(2), { signal: aborter.signal });
    aborter.abort();
    runs[1]?.end(new Error("aborted"));
    await expect(aborted).rejects.toThrow("aborted");
    expect(batched.stats()[0]).toMatchObject({ succeeded: 1, failed: 1, aborted: 1 });
  });

  it("is scheduled if it needs padding, or every slot is taken", async () => {
    const padded = doubling({ allowedBatchSizes: [4], maxBatchSize: 4 });
    await padded.first();
    const call = padded.batched.predict(row(1));
    expect(padded.runs).toHaveLength(0);
    await padded.clock.advance();
    await padded.settle();
    await call;
    const clock = new FakeClock();
    const slots = new SharedSlots({ slots: 1, clock });
    const { batched, runs } = doubling({ slots });
    const other = doubling({ slots });
    for (const one of [batched, other.batched]) {
      const before = one.predict(row(0));
      await clock.advance();
      for (const run of [...runs, ...other.runs]) run.end();
      await before;
      await clock.advance();
    }
    void other.batched.predict(row(1));
    const waiting = batched.predict(row(2));
    expect(runs).toHaveLength(1);
    other.runs[1]?.end();
    await clock.advance();
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await waiting;
  });
});
