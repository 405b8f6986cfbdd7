import { statSync } from "node:fs";
import { tensor } from "@serving-kit/inference";
import { returnFreedMemory } from "@serving-kit/native-library";
import type { Benchmark } from "../figure.js";
import { loadOnnx, onnxModels } from "../onnx-models.js";

const benchmark: Benchmark = {
  name: "memory of a model of 64 MiB",
  async run() {
    using models = onnxModels();
    if (models === undefined) return [];
    {
      await using first = await loadOnnx(models.path("dense")); // opens the library
      await first.predict({ x: tensor("float32", [1, 16], new Float32Array(16)) });
    }
    const path = models.path("large");
    const before = await settledRss();
    await using predictor = await loadOnnx(path);
    const x = tensor("float32", [1, 4096], new Float32Array(4096));
    for (let i = 0; i < 10; i++) await predictor.predict({ x });
    const growth = (await settledRss()) - before;
    return [
      {
        name: "growth of the process by the model, of the size of its file",
        value: growth / statSync(path).size,
        unit: "x",
        goal: { atMost: 1.3 },
        baseline: 1,
      },
    ];
  },
};
export default benchmark;

/** The memory of the process when what is not used is given back. */
async function settledRss(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await returnFreedMemory();
  return process.memoryUsage.rss();
}
