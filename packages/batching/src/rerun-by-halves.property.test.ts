import { ServingError } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type Tensor,
  type Tensors,
  tensor,
} from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batch } from "./batch.js";
import { rerunByHalves } from "./rerun-by-halves.js";

const signature = {
  inputs: new Map([["x", { dtype: "int32" as const, shape: [-1] }]]),
  outputs: new Map([["x", { dtype: "int32" as const, shape: [-1] }]]),
};

/** Returns its inputs; rejects a run with a bad number, with all inputs of the run in the message. */
function assertion(clock: FakeClock, isBad: (n: number) => boolean, runs: number[][]): Predictor {
  return {
    signatures: new Map([[DEFAULT_SIGNATURE, signature]]),
    batchable: true,
    async predict(inputs) {
      const values = [...(inputs.x as Tensor<"int32">).data];
      runs.push(values);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
      if (!values.some(isBad)) return { x: inputs.x as Tensor };
      throw new ServingError("INVALID_ARGUMENT", "ASSERTION", `assertion failed: [${values}]`);
    },
  };
}

/** Returns the outcomes of `count` concurrent calls, call i with the number 1000 + i, and the runs of the model. */
async function outcomesOf(count: number, culprits: ReadonlySet<number>) {
  const clock = new FakeClock();
  const runs: number[][] = [];
  const model = assertion(clock, (n) => culprits.has(n - 1000), runs);
  const batched = batch(model, { clock, slots: 1, rerunFailedBatches: true });
  const calls = Array.from({ length: count }, (_, i) =>
    batched.predict({ x: tensor("int32", [1], [1000 + i]) }),
  );
  const settled = Promise.allSettled(calls);
  await clock.advance(30);
  const disposed = batched[Symbol.asyncDispose]();
  await clock.advance(30);
  await disposed;
  return { outcomes: await settled, runs };
}

const batches = fc.integer({ min: 2, max: 70 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    culprits: fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1, maxLength: 5 }),
  }),
);

describe("a batch that is run again by halves", () => {
  it("RH1 RH2 rejects only culprits with the model's words, in at most 2 log2(n) further runs", async () => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ count, culprits }) => {
        const { outcomes, runs } = await outcomesOf(count, new Set(culprits));
        expect(runs[0]).toHaveLength(count);
        expect(runs.length - 1).toBeLessThanOrEqual(2 * Math.log2(count));
        for (const [i, outcome] of outcomes.entries()) {
          if (outcome.status === "fulfilled") {
            expect(culprits).not.toContain(i);
            expect((outcome.value as Tensors).x?.data).toEqual(Int32Array.of(1000 + i));
            continue;
          }
          const { reason, message } = outcome.reason as ServingError;
          const own = `assertion failed: [${1000 + i}]`;
          if (culprits.includes(i) && reason === "ASSERTION") expect(message).toBe(own);
          else expect(outcome.reason).toMatchObject({ code: "UNAVAILABLE" });
          if (culprits.length === 1) expect([reason, culprits]).toEqual(["ASSERTION", [i]]);
          expect((message.match(/\b1\d{3}\b/g) ?? []).every((n) => n === `${1000 + i}`)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  it("RH2 settles all other calls for every place of one culprit", async () => {
    for (let count = 2; count <= 11; count++) {
      for (let culprit = 0; culprit < count; culprit++) {
        const { outcomes } = await outcomesOf(count, new Set([culprit]));
        const rejected = outcomes.flatMap(({ status }, i) => (status === "rejected" ? [i] : []));
        expect(rejected).toEqual([culprit]);
      }
    }
  }, 30_000);

  it("RH3 cuts the second half without a run when the first succeeded", async () => {
    const { runs } = await outcomesOf(8, new Set([7]));
    expect(runs.map((run) => run.map((n) => n - 1000))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 3],
      [4, 5],
      [6],
      [7],
    ]);
  });

  it.each(["UNAVAILABLE", "INTERNAL"] as const)(
    "RH4 a group that fails with %s is run again only if an input may be the reason",
    async (code) => {
      const groups: [number, number][] = [];
      const gone = new ServingError(code, "GONE", "the device is gone");
      const outcomes = await rerunByHalves(8, async (from, to) => {
        groups.push([from, to]);
        throw gone;
      });
      const isOfCulprit = code === "INTERNAL";
      expect(groups.length > 2).toBe(isOfCulprit);
      if (!isOfCulprit) expect(outcomes).toEqual(Array(8).fill(gone));
    },
  );
});
