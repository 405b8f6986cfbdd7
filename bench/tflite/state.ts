import { fileURLToPath } from "node:url";
import { tensor } from "@serving-kit/inference";
import { managerWith } from "../bare-tflite.js";
import type { Benchmark } from "../figure.js";
import { type Contender, measure } from "../measure.js";

const TOTAL = fileURLToPath(
  new URL("../../packages/servable-tflite/test/models/total.tflite", import.meta.url),
);

const benchmark: Benchmark = {
  name: "calls of a model with resource variables, one after another",
  async run() {
    const fresh = await managerWith(TOTAL, { state: "fresh" });
    const keep = await managerWith(TOTAL, { state: "keep" });
    const calling =
      (manager: typeof fresh): Contender =>
      async (operations) => {
        const inputs = { x: tensor("float32", [1], [1]) };
        for (let i = 0; i < operations; i++) {
          const handle = manager.acquire({ name: "model" });
          try {
            await handle.servable.predict(inputs);
          } finally {
            handle.release();
          }
        }
      };
    const measured = await measure({ fresh: calling(fresh), keep: calling(keep) });
    await Promise.all([fresh.close(), keep.close()]);
    return [
      {
        name: "a call that starts with initial values, in a new interpreter; baseline: one that keeps state",
        value: measured.fresh.nsPerOperation / 1_000,
        unit: "µs",
        baseline: measured.keep.nsPerOperation / 1_000,
        spread: measured.fresh.spread,
      },
    ];
  },
};
export default benchmark;
