import { inSlices, type Steps } from "@serving-kit/core";
import type { DType, Signature } from "@serving-kit/inference";
import { decodePredict, decodePredictInSteps } from "@serving-kit/tensor-json";
import type { Benchmark, Figure } from "../figure.js";

const BYTES = 40e6;
const ROUNDS = 5;

const fill = (part: string) => part.repeat(Math.floor(BYTES / part.length));
const signature = (dtype: DType): Signature => ({
  inputs: new Map([["x", { dtype, shape: null }]]),
  outputs: new Map(),
});

/** Bodies of 40 MB: valid ones, and one whose members are all unknown. */
const bodies: Record<string, [body: () => string, dtype: DType]> = {
  numbers: [() => `{"instances":[[1${fill(",1.5")}]]}`, "float32"],
  "rows of two numbers": [() => `{"instances":[[1,2]${fill(",[3.25,4]")}]}`, "float32"],
  "strings of 100 bytes": [() => `{"inputs":["a"${fill(`,"${"b".repeat(100)}"`)}]}`, "string"],
  "unknown members": [() => `{"a":1${fill(',"b":1')},"inputs":1}`, "float32"],
};

/** The longest time between two turns of the event loop while work runs in slices, and how long that takes, in ms. */
async function watched(work: Steps<unknown>): Promise<{ longestMs: number; tookMs: number }> {
  let longestMs = 0;
  let lastMs = performance.now();
  const startedMs = lastMs;
  let isOver = false;
  const turn = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await inSlices(work);
  isOver = true;
  return { longestMs, tookMs: performance.now() - startedMs };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const benchmark: Benchmark = {
  name: "decoding JSON bodies of 40 MB in slices",
  async run() {
    const figures: Figure[] = [];
    for (const [name, [text, dtype]] of Object.entries(bodies)) {
      const body = Buffer.from(text());
      const known = signature(dtype);
      const longest: number[] = [];
      const inTurns: number[] = [];
      const runToEnd: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const { longestMs, tookMs } = await watched(decodePredictInSteps(body, () => known));
        longest.push(longestMs);
        inTurns.push(tookMs);
        const startedMs = performance.now();
        decodePredict(body, () => known);
        runToEnd.push(performance.now() - startedMs);
      }
      figures.push(
        { name: `${name}: longest hold of the event loop`, value: median(longest), unit: "ms" },
        {
          name: `${name}: time in slices`,
          value: median(inTurns),
          unit: "ms",
          baseline: median(runToEnd),
        },
      );
    }
    return figures;
  },
};

export default benchmark;
