import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "../figure.js";
import { median } from "../measure.js";
import { loadPredictor } from "../raw-session.js";
import { type Resnet50, resnet50 } from "../resnet50.js";

const ROUNDS = 12;
const PER_ROUND = 4;
const CALLERS = 8;
const BUSY_MS = 10_000;

/** Python's TensorFlow in its own process, which waits between requests. */
function startPython({ python, path, picture }: Resnet50) {
  const script = fileURLToPath(new URL("../models/python_latency.py", import.meta.url));
  const child = spawn(python, [script, path, picture], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  return {
    ready: next(),
    async latencies(count: number): Promise<number[]> {
      child.stdin.write(`${count}\n`);
      return (await next()).split(" ").map((seconds) => 1000 * Number(seconds));
    },
    end: () => child.stdin.end(),
  };
}

/** Measures by how much a 1 ms timer is late, each time, while `busy` lasts. */
async function lateness(busy: Promise<unknown>): Promise<number[]> {
  const late: number[] = [];
  let isOver = false;
  void busy.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const due = performance.now() + 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
    late.push(performance.now() - due);
  }
  return late.sort((a, b) => a - b);
}

const benchmark: Benchmark = {
  name: "a ResNet50-shaped model, JPEG bytes in",
  async run() {
    const model = await resnet50();
    const { path, inputs } = model;
    const python = startPython(model);
    await python.ready;
    await python.latencies(3);
    const predictor = await loadPredictor(path);
    const latencies = async (count: number) => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await predictor.predict(inputs);
        times.push(performance.now() - start);
      }
      return times;
    };
    await latencies(3);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const turns = [
        async () => ours.push(...(await latencies(PER_ROUND))),
        async () => theirs.push(...(await python.latencies(PER_ROUND))),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    python.end();

    const endAt = performance.now() + BUSY_MS;
    const caller = async () => {
      while (performance.now() < endAt) await predictor.predict(inputs);
    };
    const late = await lateness(Promise.all(Array.from({ length: CALLERS }, caller)));
    await predictor[Symbol.asyncDispose]();
    return [
      {
        name: "latency as a multiple of Python's in the same run",
        value: median(ours) / median(theirs),
        unit: "x",
        goal: { atMost: 1.05 },
      },
      { name: "latency", value: median(ours), unit: "ms", baseline: median(theirs) },
      {
        name: "lateness of a 1 ms timer while eight callers keep it busy, p99",
        value: late[Math.floor(0.99 * late.length)] ?? Number.NaN,
        unit: "ms",
        goal: { atMost: 5 },
      },
    ];
  },
};

export default benchmark;
