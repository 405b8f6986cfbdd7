import { tensor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { measure, median } from "../measure.js";
import { digitsPath, loadPredictor, openRaw } from "../raw-session.js";

const image = tensor("float32", [1, 64], new Float32Array(64).fill(0.5));
const inputs = { image };

const benchmark: Benchmark = {
  name: "digits at batch 1: what predict adds to TF_SessionRun",
  async run() {
    const raw = await openRaw(digitsPath, inputs, { usesOneThread: true });
    const inline = await loadPredictor(digitsPath, { execution: "inline" });
    const threaded = await loadPredictor(digitsPath, { execution: "thread" });
    const times = await measure({
      rawSync: (n) => {
        for (let i = 0; i < n; i++) raw.run();
      },
      inline: async (n) => {
        for (let i = 0; i < n; i++) await inline.predict(inputs);
      },
      rawAsync: async (n) => {
        for (let i = 0; i < n; i++) await raw.runOnThread();
      },
      threaded: async (n) => {
        for (let i = 0; i < n; i++) await threaded.predict(inputs);
      },
    });
    const over = (a: readonly number[], b: readonly number[]) =>
      median(a.map((ns, i) => (ns - (b[i] as number)) / 1000));
    return [
      {
        name: "predict inline over the raw synchronous call",
        value: over(times.inline.rounds, times.rawSync.rounds),
        unit: "µs",
        goal: { atMost: 5 },
        baseline: times.rawSync.nsPerOperation / 1000,
        spread: times.inline.spread,
      },
      {
        name: "predict on a thread over the raw asynchronous call",
        value: over(times.threaded.rounds, times.rawAsync.rounds),
        unit: "µs",
        goal: { atMost: 10 },
        baseline: times.rawAsync.nsPerOperation / 1000,
        spread: times.threaded.spread,
      },
    ];
  },
};

export default benchmark;
