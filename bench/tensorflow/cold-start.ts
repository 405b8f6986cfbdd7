import { tensor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { digitsPath, loadPredictor } from "../raw-session.js";

const benchmark: Benchmark = {
  name: "library open, model load and first answer of digits, in a new process",
  async run() {
    const start = performance.now();
    const predictor = await loadPredictor(digitsPath);
    const loaded = performance.now();
    await predictor.predict({ image: tensor("float32", [1, 64], new Float32Array(64)) });
    const answered = performance.now();
    await predictor[Symbol.asyncDispose]();
    const again = performance.now();
    await (await loadPredictor(digitsPath))[Symbol.asyncDispose]();
    const reloaded = performance.now();
    return [
      {
        name: "first answer",
        value: (answered - start) / 1000,
        unit: "s",
        goal: { atMost: 1.5 },
      },
      { name: "of it the first predict", value: answered - loaded, unit: "ms" },
      { name: "another load and unload", value: reloaded - again, unit: "ms" },
    ];
  },
};

export default benchmark;
