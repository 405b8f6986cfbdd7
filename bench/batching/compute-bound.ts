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
import { type Contender, measure, speedRatio } from "../measure.js";

const CALLERS = 64;
/** So many rounds take 5 ms or more. */
const ITERATIONS = 20_000;
const spec: TensorSpec = { dtype: "float32", shape: [-1, 64] };

/** A predictor whose every run computes for more than 5 ms on another thread, whatever its rows. */
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

const inputsOf = (rows: number) => ({
  x: tensor("float32", [rows, 64], new Float32Array(64 * rows)),
});

const benchmark: Benchmark = {
  name: "64 callers, a row each, on a compute-bound predictor",
  async run() {
    const batched = batch(predictor, { maxBatchSize: CALLERS, slots: 1 });
    const [row, rows] = [inputsOf(1), inputsOf(CALLERS)];
    // Every caller makes as many calls, so that every batch can be full.
    const calling: Contender = async (operations) => {
      const keepCalling = async () => {
        for (let i = 0; i < operations; i += CALLERS) await batched.predict(row);
      };
      await Promise.all(Array.from({ length: CALLERS }, keepCalling));
    };
    const looping: Contender = async (operations) => {
      for (let i = 0; i < operations; i += CALLERS) await predictor.predict(rows);
    };
    const measured = await measure({ calling, looping }, { rounds: 9, roundMs: 500 });
    await batched[Symbol.asyncDispose]();
    return [
      {
        name: "rows a second as a share of a loop over full batches",
        value: speedRatio(measured.calling, measured.looping),
        unit: "x",
        baseline: 1,
        goal: { atLeast: 0.95 },
        spread: measured.calling.spread,
      },
    ];
  },
};
export default benchmark;
