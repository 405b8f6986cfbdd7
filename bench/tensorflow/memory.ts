import { tensor } from "@serving-kit/inference";
import { nativeCounts } from "@serving-kit/servable-tensorflow";
import type { Benchmark } from "../figure.js";
import { digitsPath, loadPredictor } from "../raw-session.js";

const PREDICTIONS = 10_000;
const CYCLES = 200;

/** Runs work in ten parts. Returns the memory growth after the first part, in per cent. */
async function growth(count: number, operation: () => Promise<unknown>): Promise<number> {
  let first = 0;
  for (let part = 0; part < 10; part++) {
    for (let i = 0; i < count / 10; i++) await operation();
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
    if (part === 0) first = process.memoryUsage.rss();
  }
  return 100 * (process.memoryUsage.rss() / first - 1);
}

const benchmark: Benchmark = {
  name: "memory over predictions and load/unload cycles",
  async run() {
    const inputs = { image: tensor("float32", [1, 64], new Float32Array(64)) };
    // Of 2,000 rows and more the output is shown, and freed by the collector.
    const many = { image: tensor("float32", [2_000, 64], new Float32Array(128_000)) };
    const predictor = await loadPredictor(digitsPath);
    let calls = 0;
    const predictions = await growth(PREDICTIONS, () =>
      predictor.predict(calls++ % 10 === 0 ? many : inputs),
    );
    await predictor[Symbol.asyncDispose]();
    const cycles = await growth(CYCLES, async () => {
      const loaded = await loadPredictor(digitsPath);
      await loaded.predict(inputs);
      await loaded[Symbol.asyncDispose]();
    });
    for (let i = 0; i < 50 && nativeCounts().tensors > 0; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { sessions, tensors } = nativeCounts();
    const flat = { unit: "%", goal: { atMost: 5 } } as const;
    return [
      { name: `growth of RSS over ${PREDICTIONS} predictions`, value: predictions, ...flat },
      { name: `growth of RSS over ${CYCLES} load/unload cycles`, value: cycles, ...flat },
      {
        name: "native sessions and tensors left",
        value: sessions + tensors,
        unit: "objects",
        goal: { atMost: 0 },
      },
    ];
  },
};

export default benchmark;
