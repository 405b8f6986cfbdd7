import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  definePlatform,
  guard,
  type Predictor,
  type Signature,
  type Tensor,
} from "@serving-kit/inference";
import { createModelServer, type ModelServer } from "serving-kit";
import { type Contender, cpuMs, measure } from "./measure.js";

// A child process that measures calls within the process. It sends the measurements, in CPU time. No collection is forced
// between rounds: it would throw away optimized code.

const pixels = new Float32Array(64).fill(0.5);
const image: Tensor<"float32"> = { dtype: "float32", shape: [1, 64], data: pixels };
const SHAPE = [1, 10];

const signature: Signature = {
  inputs: new Map([["image", { dtype: "float32", shape: [-1, 64] }]]),
  outputs: new Map([["probabilities", { dtype: "float32", shape: [-1, 10] }]]),
};

/** A new answer, as the contract wants it. */
const answer = () => ({
  probabilities: { dtype: "float32", shape: SHAPE, data: new Float32Array(10) } as const,
});

/** The digits model, except that it returns immediately. */
const instant: Predictor = {
  signatures: new Map([["serving_default", signature]]),
  batchable: true,
  predict: async () => answer(),
};
const platform = definePlatform({ name: "instant", keepsContract: true, load: () => instant })();

/** The same as a plain function, for `guard`. */
const bare = { ...instant, predict: answer };
const guarded = guard(bare);

const serve = (path: string, options: { readonly metrics?: object } = {}) =>
  createModelServer({
    models: { digits: { basePath: path, platform } },
    ...{ settleMs: 0, watch: false, pollIntervalMs: 0, ...options },
  });

const byHand =
  ({ manager }: ModelServer): Contender =>
  async (operations) => {
    for (let i = 0; i < operations; i++) {
      const handle = manager.acquire({ name: "digits" });
      try {
        await handle.servable.predict({ image });
      } finally {
        handle.release();
      }
    }
  };

const predicting =
  (models: ModelServer, value: Tensor | Float32Array): Contender =>
  async (operations) => {
    for (let i = 0; i < operations; i++) await models.predict("digits", { image: value });
  };

const calling =
  (predictor: { predict(inputs: { readonly image: Tensor }): unknown }): Contender =>
  async (operations) => {
    for (let i = 0; i < operations; i++) await predictor.predict({ image });
  };

const path = await mkdtemp(join(tmpdir(), "serving-kit-bench-"));
await mkdir(join(path, "1"));
await writeFile(join(path, "1/model"), "");
const [models, measured] = [await serve(path), await serve(path, { metrics: {} })];
const measurements = await measure(
  {
    hand: byHand(measured),
    plain: predicting(models, image),
    tensor: predicting(measured, image),
    typed: predicting(measured, pixels),
    bare: calling(bare),
    guarded: calling(guarded),
  },
  { rounds: 30, roundMs: 100, now: cpuMs },
);
await Promise.all([models.close(), measured.close(), rm(path, { recursive: true })]);
process.send?.(measurements);
process.disconnect?.();
