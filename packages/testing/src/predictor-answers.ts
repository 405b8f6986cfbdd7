import assert from "node:assert/strict";
import { batch } from "@serving-kit/batching";
import {
  checkPredictor,
  type Predictor,
  type Signature,
  signatureOf,
  type Tensors,
} from "@serving-kit/inference";
import {
  optionsOf,
  type PredictorExample,
  type PredictorKit,
  signatureNameOf,
} from "./predictor-kit.js";
import type { Tests } from "./suite.js";
import {
  assertFitSignature,
  assertOutputs,
  copyOf,
  DEFAULT_TOLERANCE,
  joinRows,
  overwrite,
  rowCount,
  rowKind,
  rowOf,
} from "./tensor-assertions.js";
import { within } from "./waiting.js";

/** The clauses about correct outputs and the memory of tensors: S1 to S5 and S8. */
export function answerClauses(kit: PredictorKit): Tests {
  const { options, timeoutMs, withPredictor, check, assertAnswer } = kit;
  const { examples } = options;
  const call = (predictor: Predictor, inputs: Tensors, example: PredictorExample) =>
    within(predictor.predict(inputs, optionsOf(example)), timeoutMs, "expected an answer");

  return {
    "S1 signatures is complete before the first call and does not change": () =>
      withPredictor(async ({ predictor, dispose }) => {
        checkPredictor("the predictor", predictor);
        const { signatures } = predictor;
        const before = plain(signatures);
        for (const example of examples) {
          const signature = signatureOf(predictor, signatureNameOf(example));
          const required = [...signature.inputs].filter(([, spec]) => !spec.isOptional);
          for (const [name] of required)
            assert.ok(name in example.inputs, `example input "${name}"`);
          for (const name of Object.keys(example.inputs)) {
            assert.ok(signature.inputs.has(name), `the signature must have input "${name}"`);
          }
          for (const name of Object.keys(example.outputs)) {
            assert.ok(signature.outputs.has(name), `the signature must have output "${name}"`);
          }
        }
        for (const example of examples)
          await call(predictor, copyOf(example.inputs), example).catch(() => {});
        assert.equal(predictor.signatures, signatures, "signatures after calls");
        assert.deepEqual(plain(predictor.signatures), before, "signatures after calls");
        await dispose().catch(() => {});
        assert.deepEqual(plain(predictor.signatures), before, "signatures after disposal");
      }),

    "S2 predict returns the outputs of the examples": () =>
      withPredictor(async ({ predictor }) => {
        for (const [i, example] of examples.entries())
          await check(predictor, example, `example ${i}`);
      }),

    "S2 predict returns the requested outputs, complete and with the dtype of the signature": () =>
      withPredictor(async ({ predictor }) => {
        for (const example of examples) {
          const signature = signatureOf(predictor, signatureNameOf(example));
          const all = [...signature.outputs.keys()];
          for (const asked of [undefined, [], all, ...all.map((name) => [name])]) {
            const outputs = await within(
              predictor.predict(copyOf(example.inputs), {
                ...optionsOf(example),
                ...(asked && { outputs: asked }),
              }),
              timeoutMs,
              "expected an answer",
            );
            assertFitSignature(
              outputs,
              signature,
              asked?.length ? asked : all,
              `asked for ${asked}`,
            );
          }
        }
      }),

    "S3 outputs stay valid after the next calls and after disposal": () =>
      withPredictor(async ({ predictor, dispose }) => {
        const kept: (readonly [Tensors, Tensors])[] = [];
        for (const example of [...examples, ...examples.toReversed()]) {
          const outputs = await call(predictor, copyOf(example.inputs), example);
          kept.push([outputs, copyOf(outputs)]);
        }
        for (const [outputs, copy] of kept) assertOutputs(outputs, copy, 0, "after the next calls");
        await dispose().catch(() => {});
        for (const [outputs, copy] of kept) assertOutputs(outputs, copy, 0, "after disposal");
      }),

    "S4 inputs are not modified, and may be reused once the promise has settled": () =>
      withPredictor(async ({ predictor }) => {
        for (const example of examples) {
          const inputs = copyOf(example.inputs);
          const outputs = await call(predictor, Object.freeze(inputs), example);
          assertOutputs(inputs, example.inputs, 0, "inputs after the call");
          const copy = copyOf(outputs);
          overwrite(inputs);
          assertOutputs(outputs, copy, 0, "outputs after the inputs were written over");
        }
      }),

    "S5 concurrent calls give the same answers as calls one after another": () =>
      withPredictor(async ({ predictor }) => {
        const calls = Array.from({ length: 4 }, () => examples).flat();
        const answers = calls.map((example) =>
          predictor.predict(copyOf(example.inputs), optionsOf(example)),
        );
        const outputs = await within(Promise.all(answers), timeoutMs, "expected all answers");
        for (const [i, example] of calls.entries()) {
          assertAnswer(outputs[i] as Tensors, example, `concurrent call ${i}`);
        }
      }),

    "S8 if batchable, a batch of n rows returns the same as n calls of one row; else it is rejected":
      () =>
        withPredictor(async ({ predictor }) => {
          assert.equal(typeof predictor.batchable, "boolean", "batchable");
          if (!predictor.batchable) {
            return assert.throws(() => batch(predictor), { reason: "NOT_BATCHABLE" });
          }
          for (const group of groupByKind(examples)) {
            const [first] = group as [PredictorExample];
            const rows = group.flatMap(({ inputs }) => rowsOf(inputs));
            if (rows.length === 1) rows.push(rows[0] as Tensors);
            const single: Tensors[] = [];
            for (const row of rows) single.push(await call(predictor, copyOf(row), first));
            const batch = await call(predictor, joinRows(rows), first);
            for (const outputs of single) {
              assert.equal(rowCount(outputs), 1, "one row gives outputs of one row");
            }
            const tolerance = Math.max(...group.map((e) => e.tolerance ?? DEFAULT_TOLERANCE));
            assertOutputs(batch, joinRows(single), tolerance, `a batch of ${rows.length} rows`);
          }
        }),
  };
}

function plain(signatures: ReadonlyMap<string, Signature>): unknown {
  return structuredClone(
    [...signatures].map(([name, s]) => [name, s.methodName, [...s.inputs], [...s.outputs]]),
  );
}

function rowsOf(inputs: Tensors): Tensors[] {
  const count = rowCount(inputs);
  assert.ok(count, "inputs of a batchable predictor must have the same number of rows, at least 1");
  return Array.from({ length: count }, (_, row) => rowOf(inputs, row));
}

function groupByKind(examples: readonly PredictorExample[]): PredictorExample[][] {
  const groups = new Map<string, PredictorExample[]>();
  for (const example of examples) {
    const kind = `${signatureNameOf(example)} ${rowKind(example.inputs)}`;
    groups.set(kind, [...(groups.get(kind) ?? []), example]);
  }
  return [...groups.values()];
}
