import { statSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { SharedPredictor } from "@serving-kit/inference";
import type { Benchmark } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { treeModels } from "../tree-models.js";

const LOADS = 20;

/** The part of a shared model that is measured. */
interface TreeModel {
  readonly forest: { readonly nodes: Uint8Array };
}

const benchmark: Benchmark = {
  name: "loading a large .ubj",
  async run() {
    using models = treeModels();
    if (models === undefined) return [];
    const fileBytes = statSync(models.path("large.ubj")).size;
    const holds: number[] = [];
    let nodeBytes = 0;
    for (let i = 0; i < LOADS; i++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await using predictor = await models.load("large.ubj");
      delay.disable();
      holds.push(delay.max / 1e6);
      const shared = predictor.share?.() as SharedPredictor & { model: TreeModel };
      nodeBytes = shared.model.forest.nodes.byteLength;
    }
    return [
      { name: "size of the file", value: fileBytes / 2 ** 20, unit: "MiB" },
      {
        name: "longest hold of the event loop while it loads, median of 20",
        value: median(holds),
        unit: "ms",
        goal: { atMost: 10 },
        spread: spreadOf(holds),
      },
      {
        name: "size of its nodes",
        value: nodeBytes / 2 ** 20,
        unit: "MiB",
        goal: { atMost: fileBytes / 4 / 2 ** 20 + 1 },
      },
    ];
  },
};
export default benchmark;
