import { batch } from "@serving-kit/batching";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type Tensor,
  type TensorSpec,
  tensor,
} from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { type Contender, measure } from "../measure.js";

const CALLERS = 64;
const spec = (columns: number): TensorSpec => ({ dtype: "float32", shape: [-1, columns] });

/** A digits-sized predictor that computes nothing and answers a turn of the event loop later. */
const predictor: Predictor = {
  signatures: new Map([
    [
      DEFAULT_SIGNATURE,
      { inputs: new Map([["x", spec(64)]]), outputs: new Map([["y", spec(10)]]) },
    ],
  ]),
  batchable: true,
  predict: ({ x }) =>
    new Promise((resolve) => {
      const rows = (x as Tensor).shape[0] as number;
      setImmediate(() =>
        resolve({ y: tensor("float32", [rows, 10], new Float32Array(rows * 10)) }),
      );
    }),
};

/** Runs concurrent callers of one row each. Each calls again as soon as it has its response. */
function calling(called: Predictor, callers: number, rows: number): Contender {
  const inputs = { x: tensor("float32", [rows, 64], new Float32Array(64 * rows)) };
  return async (operations) => {
    let left = operations;
    const keepCalling = async () => {
      for (; left > 0; left--) await called.predict(inputs);
    };
    await Promise.all(Array.from({ length: callers }, keepCalling));
  };
}

const benchmark: Benchmark = {
  name: "what batching adds to a row: 64 callers, 64 floats in, 10 out, no computation",
  async run() {
    const batched = batch(predictor, { maxBatchSize: CALLERS, slots: 2 });
    const { queued, raw } = await measure({
      queued: calling(batched, CALLERS, 1),
      // One caller with all the rows: what the predictor itself costs, divided by the rows below.
      raw: calling(predictor, 1, CALLERS),
    });
    await batched[Symbol.asyncDispose]();
    const rawNs = raw.nsPerOperation / CALLERS;
    return [
      {
        name: "a row through a batch of 64, over the same rows in one call",
        value: (queued.nsPerOperation - rawNs) / 1_000,
        unit: "us",
        spread: queued.spread,
        goal: { atMost: 2 },
      },
    ];
  },
};
export default benchmark;
