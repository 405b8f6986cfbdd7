import { pbkdf2 } from "node:crypto";
import { batch } from "@serving-kit/batching";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  type Tensor,
  type TensorSpec,
  tensor,
} from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { median } from "../measure.js";

const ROWS = 64;
const CALLS = 20_000;
const spec: TensorSpec = { dtype: "float32", shape: [-1, ROWS] };

/** Number of rounds that take about 25 us: with the hop, the time of one row of a small SavedModel. */
const ITERATIONS = 50;

/** A predictor whose run is a hop to a thread of libuv's pool and back, as a native run is. */
const predictor: Predictor = {
  signatures: new Map([
    [DEFAULT_SIGNATURE, { inputs: new Map([["x", spec]]), outputs: new Map([["y", spec]]) }],
  ]),
  batchable: true,
  predict: ({ x }) =>
    new Promise((resolve, reject) => {
      pbkdf2("", "", ITERATIONS, 16, "sha1", (error) => {
        if (error) reject(error);
        else resolve({ y: x as Tensor });
      });
    }),
};

async function latencies(called: Predictor, calls: number): Promise<number[]> {
  const inputs = { x: tensor("float32", [1, ROWS], new Float32Array(ROWS)) };
  const times: number[] = [];
  for (let i = 0; i < calls; i++) {
    const at = performance.now();
    await called.predict(inputs);
    times.push(1_000 * (performance.now() - at));
  }
  return times;
}

const benchmark: Benchmark = {
  name: "a lone caller on the asynchronous path",
  async run() {
    const batched = batch(predictor, { maxBatchSize: 64 });
    await latencies(predictor, CALLS / 10);
    await latencies(batched, CALLS / 10);
    const plain: number[] = [];
    const queued: number[] = [];
    for (let round = 0; round < 20; round++) {
      plain.push(...(await latencies(predictor, CALLS / 20)));
      queued.push(...(await latencies(batched, CALLS / 20)));
    }
    const unbatched = median(plain);
    const value = median(queued);
    await batched[Symbol.asyncDispose]();
    return [
      {
        name: "median latency batched (baseline: unbatched)",
        value,
        unit: "us",
        baseline: unbatched,
        goal: { atMost: 1.05 * unbatched },
      },
    ];
  },
};
export default benchmark;
