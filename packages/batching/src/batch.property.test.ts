import type { ServingError } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batch } from "./batch.js";
import type { BatchingOptions } from "./batching-options.js";

const numbers: TensorSpec = { dtype: "int64", shape: [-1, -1] };
const words: TensorSpec = { dtype: "string", shape: [-1] };

/** Returns its inputs, a row of the words and the length of each row of numbers, after some time. */
function echo(clock: FakeClock, runMs: number, maxRows: number): Predictor {
  return {
    signatures: new Map([
      [
        DEFAULT_SIGNATURE,
        {
          inputs: new Map([
            ["numbers", numbers],
            ["words", words],
          ]),
          outputs: new Map([
            ["numbers", numbers],
            ["words", words],
          ]),
        },
      ],
    ]),
    batchable: true,
    async predict(inputs, options) {
      const rows = (inputs.words as Tensor).shape[0] as number;
      if (rows > maxRows) throw new Error(`a batch of ${rows} rows`);
      if (runMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, runMs));
      if ((inputs.words as Tensor<"string">).data.some(([first]) => first === 120)) {
        throw new Error("poisoned");
      }
      const wanted = options?.outputs ?? ["numbers", "words"];
      return Object.fromEntries(wanted.map((name) => [name, inputs[name] as Tensor]));
    },
  };
}

const calls = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 6 }),
    length: fc.integer({ min: 1, max: 3 }),
    isPoisoned: fc.constantFrom(false, false, false, false, true),
    outputs: fc.constantFrom(undefined, ["numbers"], ["words"], ["words", "numbers"]),
    waitMs: fc.integer({ min: 0, max: 3 }),
    isAborted: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 25 },
);

const settings = fc.record({
  runMs: fc.constantFrom(0, 2),
  slots: fc.integer({ min: 1, max: 2 }),
  allowed: fc.boolean(),
  isSplit: fc.boolean(),
  shapes: fc.constantFrom("apart", "pad"),
  timing: fc.constantFrom("idle-first", "batch-timeout"),
});

describe("batch, for random calls of random lengths, some of them poisoned or aborted", () => {
  it("returns each call its own rows, or rejects only that call", async () => {
    const decoder = new TextDecoder();
    await fc.assert(
      fc.asyncProperty(settings, calls, async (given, todo) => {
        const clock = new FakeClock();
        const maxRows = given.isSplit ? 4 : 8;
        const options: BatchingOptions = {
          clock,
          slots: given.slots,
          timing: given.timing as "idle-first",
          batchTimeoutMs: 2,
          maxBatchSize: 8,
          maxEnqueuedBatches: 100,
          rerunFailedBatches: true,
          ...(given.allowed && { allowedBatchSizes: [2, maxRows] }),
          ...(given.isSplit && { enableLargeBatchSplitting: true, maxExecutionBatchSize: maxRows }),
          ...(given.shapes === "pad" && {
            padVariableLengthInputs: { numbers: { value: -1, buckets: [3] } },
          }),
        };
        const batched = batch(echo(clock, given.runMs, maxRows), options);
        const checks: Promise<unknown>[] = [];
        for (const [index, call] of todo.entries()) {
          const { rows, length, outputs, isPoisoned } = call;
          const ids = Array.from({ length: rows * length }, (_, i) => 100 * index + i);
          const names = Array.from(
            { length: rows },
            (_, i) => `${isPoisoned ? "x" : ""}${index}:${i}`,
          );
          const abort = new AbortController();
          const result = batched.predict(
            {
              numbers: tensor("int64", [rows, length], ids),
              words: tensor("string", [rows], names),
            },
            { signal: abort.signal, ...(outputs && { outputs }) },
          );
          checks.push(
            result.then(
              (answer: Tensors) => {
                expect(isPoisoned).toBe(false);
                expect(Object.keys(answer).sort()).toEqual(
                  [...(outputs ?? ["numbers", "words"])].sort(),
                );
                if (answer.words) {
                  const texts = (answer.words as Tensor<"string">).data.map((one) =>
                    decoder.decode(one),
                  );
                  expect(texts).toEqual(names);
                }
                if (answer.numbers) {
                  const { shape, data } = answer.numbers as Tensor<"int64">;
                  expect(shape).toEqual([rows, given.shapes === "pad" ? 3 : length]);
                  expect([...data].filter((n) => n >= 0n)).toEqual(ids.map(BigInt));
                }
              },
              (error: unknown) => {
                if (error === "aborted") return expect(call.isAborted).toBe(true);
                // Several bad calls can use up the reruns.
                if ((error as ServingError).reason === "BATCH_UNSETTLED") {
                  return expect(todo.filter((one) => one.isPoisoned).length).toBeGreaterThan(1);
                }
                expect([error, isPoisoned]).toEqual([error, true]);
                expect(error).toMatchObject({ message: "poisoned" });
              },
            ),
          );
          if (call.waitMs > 0) await clock.advance(call.waitMs);
          if (call.isAborted) abort.abort("aborted");
        }
        const disposed = batched[Symbol.asyncDispose]();
        await clock.advance(1000);
        await disposed;
        await Promise.all(checks);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  }, 30_000);
});
