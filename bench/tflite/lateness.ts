import { tensor } from "@serving-kit/inference";
import { CONV, managerWith } from "../bare-tflite.js";
import type { Benchmark } from "../figure.js";
import { median } from "../measure.js";

/** Images in one call, so that a run takes 50 ms or more. */
const IMAGES = 16;
const CALLERS = 4;
const IDLE_MS = 2_000;
const DURATION_MS = 10_000;

const benchmark: Benchmark = {
  name: `lateness of a 1 ms timer while ${CALLERS} callers keep a model busy`,
  async run() {
    const manager = await managerWith(CONV, {});
    const shape = [IMAGES, 96, 96, 3];
    const image = new Float32Array(IMAGES * 96 * 96 * 3).fill(0.5);
    const inputs = { image: tensor("float32", shape, image) };
    const idle = await lateness(performance.now() + IDLE_MS);
    const end = performance.now() + DURATION_MS;
    const runs: number[] = [];
    const callers = Array.from({ length: CALLERS }, async () => {
      while (performance.now() < end) {
        const handle = manager.acquire({ name: "model" });
        const startedAt = performance.now();
        await handle.servable.predict(inputs);
        runs.push(performance.now() - startedAt);
        handle.release();
      }
    });
    const busy = await lateness(end);
    await Promise.all(callers);
    await manager.close();
    return [
      {
        name: `lateness of a 1 ms timer, p99, ${CALLERS} callers (baseline: idle)`,
        value: percentile(busy, 0.99),
        unit: "ms",
        goal: { atMost: 5 },
        baseline: percentile(idle, 0.99),
      },
      { name: "time of a call meanwhile, waiting included", value: median(runs), unit: "ms" },
    ];
  },
};
export default benchmark;

/** Measures repeatedly by how much a 1 ms timer is late, until the end. */
async function lateness(end: number): Promise<number[]> {
  const late: number[] = [];
  while (performance.now() < end) {
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1));
    late.push(performance.now() - startedAt - 1);
  }
  return late;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? Number.NaN;
}
