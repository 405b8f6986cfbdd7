import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { isServingError } from "@serving-kit/core";
import { type PredictOptions, signatureOf, type Tensors } from "@serving-kit/inference";
import { misfits } from "./misfits.js";
import { optionsOf, type PredictorKit, signatureNameOf } from "./predictor-kit.js";
import type { Tests } from "./suite.js";
import { copyOf } from "./tensor-assertions.js";
import { rejectionOf, settlesAtOnce, within } from "./waiting.js";

/** The clauses about calls that are refused, or aborted: S6 and S7. */
export function refusalClauses(kit: PredictorKit): Tests {
  const { options, timeoutMs, withPredictor, check, assertAnswer } = kit;
  const { examples } = options;

  return {
    "S6 what does not fit the signature rejects with INVALID_ARGUMENT, before anything runs": () =>
      withPredictor(async ({ predictor }) => {
        const runs = () => options.runs?.(predictor);
        for (const example of examples) {
          const signature = signatureOf(predictor, signatureNameOf(example));
          for (const misfit of misfits(signature, example.inputs)) {
            const { what, inputs, mentions } = misfit;
            const before = runs();
            const predict = () =>
              predictor.predict(inputs, { ...optionsOf(example), ...misfit.options });
            const error = await rejectionOf(predict, timeoutMs, what);
            assert.ok(isServingError(error), `${what}: expected a ServingError; got ${error}`);
            assert.equal(error.code, "INVALID_ARGUMENT", `${what}: code of "${error.message}"`);
            const message = error.message.replaceAll(" ", "");
            for (const part of mentions) {
              assert.ok(
                message.includes(part),
                `${what}: the message must have ${part}; got "${error.message}"`,
              );
            }
            assert.equal(runs(), before, `${what}: runs begun`);
          }
          await check(predictor, example, "after calls that were refused");
        }
      }),

    "S7 a signal that has aborted rejects with its reason": () =>
      withPredictor(async ({ predictor }) => {
        for (const example of examples) {
          const reason = new Error("aborted by the suite");
          const options: PredictOptions = {
            ...optionsOf(example),
            signal: AbortSignal.abort(reason),
          };
          const predict = () => predictor.predict(copyOf(example.inputs), options);
          assert.equal(await rejectionOf(predict, timeoutMs, "aborted before"), reason);
          await check(predictor, example, "after a call that was aborted");
        }
      }),

    "S7 a signal that aborts during the call rejects with its reason, and no other call": () =>
      withPredictor(async ({ predictor }) => {
        for (const example of options.longRunning ? [options.longRunning] : examples) {
          const reason = new Error("aborted by the suite");
          const controller = new AbortController();
          const callOptions = { ...optionsOf(example), signal: controller.signal };
          const aborted = predictor.predict(copyOf(example.inputs), callOptions);
          const others = Promise.all(
            examples.map((other) => predictor.predict(copyOf(other.inputs), optionsOf(other))),
          );
          others.catch(() => {}); // checked below
          controller.abort(reason);
          // A call that was computed within predict ended before the abort.
          const wasOver = await settlesAtOnce(aborted);
          const outcome = await within(
            aborted.then(
              () => "resolved",
              (error: unknown) => error,
            ),
            timeoutMs,
            "expected an aborted call to settle",
          );
          if (!(wasOver && outcome === "resolved")) assert.equal(outcome, reason);
          const answers = await within(others, timeoutMs, "expected the other answers");
          for (const [i, other] of examples.entries()) {
            assertAnswer(answers[i] as Tensors, other, "another call");
          }
        }
      }),

    "S7 no listener stays on the signal after the call": () =>
      withPredictor(async ({ predictor }) => {
        const { signal } = new AbortController();
        for (const example of examples) {
          const call = predictor.predict(copyOf(example.inputs), { ...optionsOf(example), signal });
          await within(
            call.catch(() => {}),
            timeoutMs,
            "expected the call to settle",
          );
        }
        assert.equal(getEventListeners(signal, "abort").length, 0, "listeners on the signal");
      }),
  };
}
