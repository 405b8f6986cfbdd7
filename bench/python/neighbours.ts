import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Predictor, tensor } from "@serving-kit/inference";
import { residentBytes } from "../../packages/servable-python/src/measures.js";
import type { Benchmark, Figure } from "../figure.js";
import { median } from "../measure.js";
import { barePipeline, FEATURES, loadPipeline, pythonWithNumpy } from "../python-pipeline.js";

const ROUNDS = 5;
const ROUND_MS = 2_000;
const CALLS = 100_000;

const benchmark: Benchmark = {
  name: "the event loop next to busy Python workers, and memory over 100,000 calls",
  async run() {
    const interpreter = pythonWithNumpy();
    if (interpreter === undefined) return [];
    return [await lateness(interpreter), ...(await memory(interpreter))];
  },
};
export default benchmark;

const x = tensor("float32", [64, FEATURES], new Float32Array(64 * FEATURES).fill(1));

/** The 99th percentile of the delay of the event loop in ms, while `run` keeps two processes busy. */
async function delayP99(run: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const endsAtMs = performance.now() + ROUND_MS;
  histogram.enable();
  await Promise.all(
    [1, 2].map(async () => {
      while (performance.now() < endsAtMs) await run();
    }),
  );
  histogram.disable();
  return histogram.percentile(99) / 1e6;
}

async function lateness(interpreter: string): Promise<Figure> {
  const bare = [await barePipeline(interpreter, 64), await barePipeline(interpreter, 64)];
  const model = await loadPipeline(interpreter, 2);
  let next = 0;
  // A call of some 10 ms each, so that Node has nothing to do.
  const runBare = () => (bare[next++ % 2] as (typeof bare)[number]).run(20);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const idle = await delayP99(runBare);
    const ours = await delayP99(() => model.predict({ x }));
    ratios.push(ours / idle);
  }
  for (const one of bare) one[Symbol.dispose]();
  await model[Symbol.asyncDispose]?.();
  const name =
    "event loop delay p99 next to 2 busy workers, against an idle Node next to 2 busy Pythons";
  return { name, value: median(ratios), unit: "x", goal: { atMost: 1.5 } };
}

async function memory(interpreter: string): Promise<Figure[]> {
  const model = await loadPipeline(interpreter);
  const small = { x: tensor("float32", [1, FEATURES], new Float32Array(FEATURES)) };
  const calls = async (count: number) => {
    for (let i = 0; i < count; i++) await model.predict(small);
  };
  await calls(CALLS / 10);
  const before = residents(model);
  await calls(CALLS);
  const after = residents(model);
  await model[Symbol.asyncDispose]?.();
  return (["Node", "worker"] as const).map((name) => ({
    name: `memory of ${name} after ${CALLS} more calls`,
    value: after[name] / before[name],
    unit: "x",
    goal: { atMost: 1.1 },
  }));
}

function residents(model: Predictor) {
  globalThis.gc?.();
  const of = model.measures?.().find(({ name }) => name === "python_resident_bytes");
  return { Node: residentBytes(process.pid), worker: of?.values[0]?.value ?? 0 };
}
