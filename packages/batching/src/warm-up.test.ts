import { ServingError, servableId, type WarmUpOutcome } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type Signature,
  type Tensors,
} from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { batchingLoader } from "./batching.js";
import type { BatchingOptions } from "./batching-options.js";

const open: Signature = {
  inputs: new Map([["x", { dtype: "float32", shape: [-1, 2] }]]),
  outputs: new Map([["y", { dtype: "float32", shape: [-1] }]]),
};

/** Loads a predictor that records its calls and calls back for each. */
function setUp(
  options: BatchingOptions,
  onCall: (rows: number) => void = () => {},
  facts: Partial<Predictor> = {},
) {
  const calls: string[] = [];
  let isDisposed = false;
  const predictor: Predictor = {
    signatures: new Map([[DEFAULT_SIGNATURE, open]]),
    batchable: true,
    async predict({ x }: Tensors, { signature } = {}) {
      calls.push(`${signature} [${x?.shape}] ${x?.data.every((entry) => entry === 0)}`);
      onCall(x?.shape[0] ?? 0);
      return {};
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
    ...facts,
  };
  const controller = new AbortController();
  const loader = batchingLoader({ load: async () => predictor }, options);
  const told: WarmUpOutcome[] = [];
  const warmingUp = () => (outcome: WarmUpOutcome) => void told.push(outcome);
  const load = () => loader.load({ id: servableId("m", 1), signal: controller.signal, warmingUp });
  return { load, calls, told, controller, isDisposed: () => isDisposed };
}

const sizes = { maxBatchSize: 8, allowedBatchSizes: [1, 4, 8], enableAllBatchSizesWarmup: true };

describe("enableAllBatchSizesWarmup", () => {
  it("calls each signature with zeros of each of its allowed sizes before the load resolves", async () => {
    const signatures = new Map([
      [DEFAULT_SIGNATURE, open],
      ["other", open],
    ]);
    const own = { other: { maxBatchSize: 2, allowedBatchSizes: [2] } };
    const { load, calls, told } = setUp({ ...sizes, signatures: own }, undefined, { signatures });
    await load();
    expect(told).toEqual([{ records: 0 }]);
    expect(calls).toEqual([
      ...[1, 4, 8].map((rows) => `${DEFAULT_SIGNATURE} [${rows},2] true`),
      "other [2,2] true",
    ]);
  });

  it.each([
    ["without it", { maxBatchSize: 8, allowedBatchSizes: [8] }, {}],
    ["without allowed sizes", { enableAllBatchSizesWarmup: true }, {}],
    ["for what passes through", { ...sizes, unbatchable: "pass-through" }, { batchable: false }],
    [
      "for a signature whose rows are not open",
      sizes,
      {
        signatures: new Map([
          ["fixed", { ...open, inputs: new Map([["x", { dtype: "float32", shape: [1] }]]) }],
        ]),
      },
    ],
  ] as [string, BatchingOptions, Partial<Predictor>][])(
    "calls nothing %s",
    async (_, options, facts) => {
      const { load, calls } = setUp(options, undefined, facts);
      await load();
      expect(calls).toEqual([]);
    },
  );

  it("minds no refusal of zeros", async () => {
    const { load, calls } = setUp(sizes, () => {
      throw new ServingError("INVALID_ARGUMENT", "TENSORFLOW_RUN_FAILED", "no JPEG");
    });
    await load();
    expect(calls).toHaveLength(1);
  });

  it("fails the load for another failure, with its code and size, and disposes the predictor", async () => {
    const { load, isDisposed } = setUp(sizes, (rows) => {
      if (rows === 4) throw new ServingError("RESOURCE_EXHAUSTED", "TENSORFLOW_RUN_FAILED", "OOM");
    });
    await expect(load()).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "WARM_UP_FAILED",
      message: expect.stringContaining("with a batch of 4 rows failed: OOM"),
    });
    expect(isDisposed()).toBe(true);
  });

  it("stops when the signal aborts, and disposes the predictor", async () => {
    const { load, calls, controller, isDisposed } = setUp(sizes, (rows) => {
      if (rows === 4) controller.abort(new Error("no longer wanted"));
    });
    await expect(load()).rejects.toThrow("no longer wanted");
    expect(calls).toHaveLength(2);
    expect(isDisposed()).toBe(true);
  });
});
