import assert from "node:assert/strict";
import { isServingError, systemClock } from "@serving-kit/core";
import { optionsOf, type PredictorKit } from "./predictor-kit.js";
import type { Tests } from "./suite.js";
import { copyOf } from "./tensor-assertions.js";
import { rejectionOf, settlesAtOnce, within } from "./waiting.js";

/** Timeout in ms of the late call of `longRunning`: long enough to start, shorter than its run. */
const LATE_MS = 5;

/** The clause about deadlines, S12: before the run, during it, and after a run that ended too late. */
export function deadlineClauses(kit: PredictorKit): Tests {
  const { options, timeoutMs, withPredictor, check } = kit;
  const { examples, longRunning, runs } = options;
  return {
    "S12 a call whose deadline has passed rejects with DEADLINE_EXCEEDED, before anything runs":
      () =>
        withPredictor(async ({ predictor }) => {
          for (const example of examples) {
            const before = runs?.(predictor);
            const call = { ...optionsOf(example), deadlineAtMs: systemClock.now() };
            const predict = () => predictor.predict(copyOf(example.inputs), call);
            assertLate(await rejectionOf(predict, timeoutMs, "a call whose deadline has passed"));
            assert.equal(runs?.(predictor), before, "runs begun");
            await check(predictor, example, "after a call whose deadline had passed");
          }
        }),

    "S12 a call whose outputs are there after its deadline rejects with DEADLINE_EXCEEDED": () =>
      withPredictor(async ({ predictor }) => {
        for (const example of examples) {
          const deadlineAtMs = systemClock.now() + 1;
          const call = { ...optionsOf(example), deadlineAtMs };
          const answer = predictor.predict(copyOf(example.inputs), call);
          // A call that was computed within predict ended before its deadline.
          const wasOver = await settlesAtOnce(answer);
          blockUntil(deadlineAtMs);
          const outcome = answer.then(
            () => "resolved",
            (error: unknown) => error,
          );
          const settled = await within(outcome, timeoutMs, "expected a late call to settle");
          if (!(wasOver && settled === "resolved")) assertLate(settled);
        }
      }),

    ...(longRunning && {
      "S12 a call that runs rejects at its deadline, before its run ends": () =>
        withPredictor(async ({ predictor }) => {
          const { inputs } = longRunning;
          const settled: string[] = [];
          const predict = (name: string, deadlineAtMs = Number.POSITIVE_INFINITY) =>
            predictor
              .predict(copyOf(inputs), { ...optionsOf(longRunning), deadlineAtMs })
              .finally(() => settled.push(name));
          const others = predict("no deadline");
          const late = () => predict("late", systemClock.now() + LATE_MS);
          assertLate(await rejectionOf(late, timeoutMs, "a call that runs past its deadline"));
          await within(others, Math.max(timeoutMs, 30_000), "expected the other call's answer");
          assert.deepEqual(settled, ["late", "no deadline"], "calls in the order of settling");
        }),
    }),
  };
}

/** Blocks the event loop, and so its timers, until a time. */
function blockUntil(atMs: number): void {
  let nowMs = systemClock.now();
  while (nowMs <= atMs) nowMs = systemClock.now();
}

function assertLate(error: unknown): void {
  assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
  assert.equal(error.code, "DEADLINE_EXCEEDED", `code of "${error.message}"`);
}
