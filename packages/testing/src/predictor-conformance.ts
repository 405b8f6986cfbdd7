import assert from "node:assert/strict";
import { type ModelPredictorOptions, predictorOptionsOf } from "./model-options.js";
import { answerClauses } from "./predictor-answers.js";
import { deadlineClauses } from "./predictor-deadline.js";
import {
  isDisposable,
  makeKit,
  type PredictorConformanceOptions,
  type PredictorKit,
} from "./predictor-kit.js";
import { lifetimeClauses } from "./predictor-lifetime.js";
import { refusalClauses } from "./predictor-refusals.js";
import type { Runner } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";

/**
 * Registers the tests that verify that a predictor keeps the contract of `Predictor`: S1 to S12.
 *
 * Run it on your predictor and on its wrappers (a batching predictor, or one accessed through a manager or over the
 * network): a wrapper has the same contract as the wrapped predictor.
 *
 * ```ts
 * predictorConformance({ describe, it }, {
 *   name: "lookup",
 *   create: () => lookup().loader({ path }, id).load({ id, signal }),
 *   examples,
 * });
 * ```
 *
 * To test a model that `defineModel` returned, pass it directly, with plain values in its examples:
 *
 * ```ts
 * predictorConformance({ describe, it }, {
 *   name: "double",
 *   model: double,
 *   examples: [{ inputs: { x: [1, 2] }, outputs: { y: [2, 4] } }, { inputs: { x: [3] }, outputs: { y: [6] } }],
 * });
 * ```
 */
export function predictorConformance(
  runner: Runner,
  subject: PredictorConformanceOptions | ModelPredictorOptions,
): void {
  const options = "model" in subject ? predictorOptionsOf(subject) : subject;
  const kit = makeKit(options);
  registerSuite(runner, options, "Predictor", fixtureTests(kit), {
    ...answerClauses(kit),
    ...refusalClauses(kit),
    ...deadlineClauses(kit),
    ...lifetimeClauses(kit),
  });
}

function fixtureTests({ options, withPredictor, check }: PredictorKit): Tests {
  return {
    "has two examples whose outputs differ": async () => {
      const answers = new Set(
        options.examples.map((e) =>
          JSON.stringify(e.outputs, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
        ),
      );
      assert.ok(
        answers.size >= 2,
        `expected examples with two different outputs; got ${answers.size}`,
      );
    },

    "create gives a new predictor each time": () =>
      withPredictor(async (first) =>
        withPredictor(async (second) => {
          assert.notEqual(first.predictor, second.predictor);
          if (!isDisposable(first.predictor)) return;
          await first.dispose();
          for (const example of options.examples) {
            await check(second.predictor, example, "after another one was disposed");
          }
        }),
      ),
  };
}
