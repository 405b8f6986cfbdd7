import { fileURLToPath } from "node:url";
import { tensor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { measure, speedRatio } from "../measure.js";
import { loadPredictor, openRaw } from "../raw-session.js";

const path = fileURLToPath(new URL("../../examples/models/zoo/trouble/1", import.meta.url));
const signature = "slow";
const CALLERS = 64;
const CONCURRENCY = 2;

/** Multiplications of 64 x 64 matrices, one after another: 5 ms and more. */
const inputs = { steps: tensor("int32", [1], [600]) };

/** Keeps calls in flight until all are made. */
async function keepInFlight(count: number, callers: number, call: () => Promise<unknown>) {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

const benchmark: Benchmark = {
  name: "throughput of a compute-bound model with 64 callers in flight",
  async run() {
    const raw = await openRaw(path, inputs, { signature });
    const predictor = await loadPredictor(path, { concurrency: CONCURRENCY });
    const { predict, rawLoop } = await measure(
      {
        predict: (n) => keepInFlight(n, CALLERS, () => predictor.predict(inputs, { signature })),
        rawLoop: (n) => keepInFlight(n, CONCURRENCY, () => raw.runOnThread()),
      },
      { roundMs: 1_000, rounds: 9, warmUpMs: 1_000 },
    );
    return [
      {
        name: "predict as a share of the raw loop at equal concurrency",
        value: speedRatio(predict, rawLoop),
        unit: "x",
        goal: { atLeast: 0.95 },
        spread: predict.spread,
      },
      {
        name: "time of a prediction",
        value: predict.nsPerOperation / 1e6,
        unit: "ms",
        baseline: rawLoop.nsPerOperation / 1e6,
      },
    ];
  },
};

export default benchmark;
