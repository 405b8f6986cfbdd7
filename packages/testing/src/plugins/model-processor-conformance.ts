import assert from "node:assert/strict";
import { batch } from "@serving-kit/batching";
import { isServingError, unload } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type PredictOptions,
  type Predictor,
  signatureOf,
  type Tensors,
} from "@serving-kit/inference";
import { FakeClock } from "../fake-clock.js";
import { predictorConformance } from "../predictor-conformance.js";
import type { PredictorExample } from "../predictor-kit.js";
import type { Runner } from "../runner.js";
import { registerSuite, type Tests } from "../suite.js";
import { assertOutputs, copyOf } from "../tensor-assertions.js";
import { turn } from "../turn.js";
import { rejectionOf, within } from "../waiting.js";
import { assertModule } from "./plugin-module.js";
import { type ModelProcessorConformanceOptions, ProcessorStage } from "./processor-stage.js";

/**
 * Registers the tests that verify that a processor keeps the contract of `ModelProcessor`, PC1 to PC7 and PL1, and that
 * the predictor that it returns keeps the contract of `Predictor`, also when batched.
 *
 * ```ts
 * modelProcessorConformance({ describe, it }, {
 *   name: "steps",
 *   create: () => processor,
 *   load: () => loadDigits(),
 *   processing: { before: [{ image: {} }] },
 *   unfit: [{ before: [{ sound: {} }] }],
 *   examples,
 *   isBatchable: true,
 * });
 * ```
 */
export function modelProcessorConformance(
  runner: Runner,
  options: ModelProcessorConformanceOptions,
): void {
  const stage = new ProcessorStage(options);
  const { name, examples, isBatchable, allocated, timeoutMs } = options;
  const fixture = {
    "has an example, and processing that does not fit": async () => {
      assert.ok(examples.length > 0, "expected an example; got none");
      assert.ok(options.unfit.length > 0, "expected processing that does not fit; got none");
    },
  };
  registerSuite(runner, options, "ModelProcessor", fixture, {
    ...resultClauses(stage),
    ...lifeClauses(stage),
    ...callClauses(stage),
  });
  const shared = {
    examples,
    ...(allocated && { allocated }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
  const create = async () => (await stage.process()).result;
  predictorConformance(runner, { ...shared, name: `${name}, processed`, create });
  if (!isBatchable) return;
  predictorConformance(runner, {
    ...shared,
    name: `${name}, processed and batched`,
    create: async () => batch(await create()),
  });
}

/** The clauses about the predictor that `process` returns, and about the given predictor. */
function resultClauses(stage: ProcessorStage): Tests {
  const { processing, examples, isBatchable, unfit } = stage.options;
  return {
    "PC1 it has the inputs and outputs of callers, and answers": async () => {
      await using processed = await stage.process();
      const signature = signatureOf(processed.result, DEFAULT_SIGNATURE);
      for (const { inputs, outputs } of examples) {
        assert.deepEqual([...signature.inputs.keys()].sort(), Object.keys(inputs).sort(), "inputs");
        assert.deepEqual([...signature.outputs.keys()].sort(), Object.keys(outputs).sort());
      }
      await assertAnswers(stage, processed.result, "a processed predictor");
    },

    "PC3 processing that does not fit rejects with a ServingError, and leaves the given predictor":
      async () => {
        for (const wrong of unfit) {
          await using given = await stage.given();
          const process = async () => stage.processGiven(given, wrong);
          const error = await rejectionOf(process, stage.timeoutMs, "processing that does not fit");
          assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
          assert.equal(given.disposals, 0, "disposals of the given predictor");
          await using processed = await stage.processGiven(given, structuredClone(processing));
          await assertAnswers(stage, processed.result, "after processing that does not fit");
        }
      },

    "PC6 it is batchable only if the given predictor is": async () => {
      await using processed = await stage.process();
      assert.equal(processed.result.batchable, isBatchable, "batchable");
      await using single = await stage.process({ isBatchable: false });
      assert.equal(single.result.batchable, false, "batchable, of a predictor that is not");
    },

    "PC7 it modifies neither the processing nor the given predictor": async () => {
      const passed = structuredClone(processing);
      await using given = await stage.given();
      const before = plain(given);
      await using processed = await stage.processGiven(given, passed);
      await processed.result.predict(copyOf((examples[0] as PredictorExample).inputs));
      assert.deepEqual(passed, processing, "processing");
      assert.deepEqual(plain(given), before, "the given predictor");
    },

    "PL1 its module exports it, for other event loops": async () => {
      await assertModule(await stage.options.create());
    },
  };
}

/** The clauses about disposal, and about event loops. */
function lifeClauses(stage: ProcessorStage): Tests {
  const [example] = stage.options.examples as [PredictorExample];
  return {
    "PC2 disposal waits for calls in flight, and disposes the given predictor once": async () => {
      await using processed = await stage.process();
      const { given, result } = processed;
      given.hold();
      const call = result.predict(copyOf(example.inputs));
      call.catch(() => {}); // Awaited below, unless an earlier step fails.
      await within(given.called, stage.timeoutMs, "expected a call of the given predictor");
      const disposed = unload(result);
      for (let i = 0; i < 10; i++) await turn();
      assert.equal(given.disposals, 0, "disposals while a call is in flight");
      given.release();
      await within(disposed, stage.timeoutMs, "expected disposal to end");
      assertOutputs(await call, example.outputs, toleranceOf(example), "the call in flight");
      await unload(result);
      assert.equal(given.disposals, 1, "disposals of the given predictor");
    },

    "PC4 another event loop gets the same by a clone, and is not affected by disposal":
      async () => {
        const processor = await stage.options.create();
        await using first = await stage.process({ processor });
        await using second = await stage.process({ processor });
        assert.notEqual(first.result, second.result, "the predictors of two event loops");
        assert.deepEqual(plain(second.result), plain(first.result), "signatures");
        await assertAnswers(stage, first.result, "the first event loop");
        await unload(first.result);
        assert.equal(second.given.disposals, 0, "disposals in the other event loop");
        await assertAnswers(stage, second.result, "the other event loop");
      },
  };
}

/** The clause about the limits of a call. */
function callClauses(stage: ProcessorStage): Tests {
  const [example] = stage.options.examples as [PredictorExample];
  const held = async (clock: FakeClock, options: PredictOptions) => {
    const processed = await stage.process({ clock });
    processed.given.hold();
    const call = processed.result.predict(copyOf(example.inputs), options);
    call.catch(() => {});
    await within(processed.given.called, stage.timeoutMs, "expected the given predictor's call");
    return { processed, call };
  };
  return {
    "PC5 the signal of a call reaches the given predictor": async () => {
      const controller = new AbortController();
      const { processed, call } = await held(new FakeClock(), { signal: controller.signal });
      await using _ = processed;
      const reason = new Error("the client went away");
      controller.abort(reason);
      const { signal } = processed.given.lastOptions;
      assert.equal(signal?.reason, reason, "the reason of the signal");
      const error = await rejectionOf(() => call, stage.timeoutMs, "an aborted call");
      assert.equal(error, reason, "the rejection of the call");
      processed.given.release();
    },

    "PC5 the deadline of a call reaches the given predictor": async () => {
      const clock = new FakeClock(1_000);
      const { processed, call } = await held(clock, { deadlineAtMs: 2_000 });
      await using _ = processed;
      assert.equal(processed.given.lastOptions.deadlineAtMs, 2_000, "the deadline");
      await clock.advance(1_001);
      const error = await rejectionOf(() => call, stage.timeoutMs, "a call past its deadline");
      assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
      assert.equal(error.code, "DEADLINE_EXCEEDED", "code of the rejection");
      processed.given.release();
    },
  };
}

async function assertAnswers(stage: ProcessorStage, predictor: Predictor, what: string) {
  for (const example of stage.options.examples) {
    const call: Promise<Tensors> = predictor.predict(copyOf(example.inputs));
    const outputs = await within(call, stage.timeoutMs, `${what}: expected an answer`);
    assertOutputs(outputs, example.outputs, toleranceOf(example), what);
  }
}

const toleranceOf = ({ tolerance = 1e-5 }: PredictorExample) => tolerance;

/** Returns the properties of a predictor that callers read, as plain data. */
function plain({ signatures, batchable }: Predictor): unknown {
  const entries = [...signatures].map(([name, { inputs, outputs }]) => [
    ...[name, [...inputs], [...outputs]],
  ]);
  return structuredClone([batchable, entries]);
}
