import { fork } from "node:child_process";
import { image } from "@serving-kit/processing";
import sharp from "sharp";
import type { Benchmark } from "../figure.js";
import { photograph } from "../photograph.js";

const READERS = 2;
const DURATION_MS = 10_000;

/** Measures repeatedly by how much a 1 ms timer is late. */
async function lateness(durationMs: number): Promise<number[]> {
  const late: number[] = [];
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1));
    late.push(performance.now() - startedAt - 1);
  }
  return late.sort((a, b) => a - b);
}

const p99 = (sorted: readonly number[]) => sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;

const benchmark: Benchmark = {
  name: `lateness of a 1 ms timer while ${READERS} readers turn pictures into tensors`,
  async run() {
    sharp.concurrency(1);
    const jpeg = await photograph();
    const read = image({ size: 224 });
    // The thread for pictures starts after the first ones.
    for (let i = 0; i < 60; i++) await read(jpeg);

    // An idle Node next to processes that are as busy.
    const url = new URL("../busy-neighbour.ts", import.meta.url);
    const neighbours = Array.from({ length: READERS }, () => fork(url));
    await lateness(2_000);
    const idle = p99(await lateness(DURATION_MS));
    for (const neighbour of neighbours) neighbour.kill();

    let isOver = false;
    const readers = Array.from({ length: READERS }, async () => {
      while (!isOver) await read(jpeg);
    });
    const busy = p99(await lateness(DURATION_MS));
    isOver = true;
    await Promise.all(readers);
    return [
      {
        name: "lateness p99 over that of an idle Node next to processes as busy",
        value: busy / idle,
        unit: "x",
        goal: { atMost: 1.5 },
        baseline: 1,
      },
      { name: "lateness p99", value: busy, unit: "ms", baseline: idle },
    ];
  },
};
export default benchmark;
