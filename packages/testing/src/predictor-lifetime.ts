import assert from "node:assert/strict";
import { isServingError } from "@serving-kit/core";
import { longestBlockMs } from "./event-loop-block.js";
import { isDisposable, optionsOf, type PredictorKit } from "./predictor-kit.js";
import type { Tests } from "./suite.js";
import { copyOf } from "./tensor-assertions.js";
import { rejectionOf, within } from "./waiting.js";

const DEFAULT_MAX_BLOCK_MS = 50;

/** The clauses about the event loop and disposal: S9 to S11. */
export function lifetimeClauses(kit: PredictorKit): Tests {
  const { options, timeoutMs, withPredictor, check, assertAnswer } = kit;
  const { examples, longRunning, allocated, maxBlockMs = DEFAULT_MAX_BLOCK_MS } = options;
  const on = longRunning ? "" : " (on the examples: no longRunning was given)";
  const seen = allocated ? "" : " (what it frees is not seen: no allocated was given)";

  const refuses = async (predict: () => Promise<unknown>, when: string) => {
    const error = await rejectionOf(predict, timeoutMs, `a call ${when}`);
    assert.ok(isServingError(error), `a call ${when}: expected a ServingError; got ${error}`);
    const { code, reason } = error;
    assert.deepEqual([code, reason], ["FAILED_PRECONDITION", "PREDICTOR_CLOSED"], `a call ${when}`);
  };

  return {
    [`S9 the event loop turns while a prediction runs${on}`]: () =>
      withPredictor(async ({ predictor }) => {
        const work = async () => {
          for (const example of longRunning ? [longRunning] : examples) {
            await within(
              predictor.predict(copyOf(example.inputs), optionsOf(example)),
              Math.max(timeoutMs, 30_000),
              "expected an answer",
            );
          }
        };
        // The operating system may suspend the process, but a predictor that blocks the loop blocks it every time.
        let blockMs = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 5 && blockMs > maxBlockMs; i++) {
          blockMs = Math.min(blockMs, await longestBlockMs(work));
        }
        assert.ok(blockMs <= maxBlockMs, `blocked for at most ${maxBlockMs} ms; got ${blockMs} ms`);
      }),

    "S10 after disposal every call rejects with PREDICTOR_CLOSED": () =>
      withPredictor(async ({ predictor, dispose }) => {
        // A predictor without disposal is garbage-collected, and never closes.
        if (!isDisposable(predictor)) {
          await dispose();
          for (const example of examples) await check(predictor, example, "without disposal");
          return;
        }
        const [example] = examples as [(typeof examples)[number]];
        const predict = () => predictor.predict(copyOf(example.inputs), optionsOf(example));
        const disposed = dispose();
        // Only the predictor knows whether disposal has started for a call that arrives now.
        const meanwhile = predict();
        meanwhile.catch(() => {}); // Checked below, after disposal, which may take turns of the loop.
        await disposed.catch(() => {});
        const [outcome] = await within(
          Promise.allSettled([meanwhile]),
          timeoutMs,
          "expected an end",
        );
        if (outcome?.status === "fulfilled") assertAnswer(outcome.value, example, "meanwhile");
        else await refuses(() => meanwhile, "while it is disposed");
        await refuses(predict, "after disposal");
        await refuses(() => predictor.predict({}, { signature: "no_such_name" }), "after disposal");
      }),

    "S11 disposal waits for calls in flight": () =>
      withPredictor(async ({ predictor, dispose }) => {
        if (!isDisposable(predictor)) return dispose();
        let settled = 0;
        const calls = [...examples, ...examples].map(async (example) => {
          const call = predictor.predict(copyOf(example.inputs), optionsOf(example));
          return call.finally(() => settled++);
        });
        const outcomes = Promise.allSettled(calls);
        await dispose();
        // The callers of the last call are notified a few microtasks later.
        for (let i = 0; i < 100 && settled < calls.length; i++) await null;
        assert.equal(settled, calls.length, "calls that had settled when disposal ended");
        for (const [i, outcome] of (await outcomes).entries()) {
          if (outcome.status === "rejected")
            assert.fail(`a call in flight rejected: ${outcome.reason}`);
          const example = examples[i % examples.length] as (typeof examples)[number];
          assertAnswer(outcome.value, example, "a call in flight");
        }
      }),

    [`S11 disposal can be repeated and frees what loading allocated${seen}`]: async () => {
      const before = allocated?.();
      await withPredictor(async ({ predictor, dispose }) => {
        for (const example of examples) await check(predictor, example, "before disposal");
        await Promise.all([dispose(), dispose()]);
        await dispose();
      });
      if (allocated) assert.equal(allocated(), before, "allocated after disposal");
    },
  };
}
