import type { PlatformServices } from "@serving-kit/inference";
import type { Forest } from "./forest/forest.js";
import { openRunner } from "./kernel/open-runner.js";
import type { PlacedForest } from "./kernel/wasm-runner.js";
import type { TreeOptions } from "./options.js";
import { jobsOf } from "./predict/jobs.js";
import type { SharedTrees } from "./share.js";
import type { TreeModel } from "./tree-model.js";
import { TreePredictor } from "./tree-predictor.js";

/** Creates a predictor for a model. `placed` holds its trees, either placed by another thread or not yet placed. */
export function openModel(
  model: TreeModel,
  placed: PlacedForest | Forest | undefined,
  options: TreeOptions,
  { clock, logger }: PlatformServices,
): TreePredictor {
  const opened =
    placed && openRunner(placed, options.kernel === "javascript" ? "javascript" : "wasm");
  if (opened?.kernel === "javascript" && options.kernel !== "javascript" && model.forest?.trees) {
    logger.info(
      {},
      "WebAssembly does not run here, or has no memory; trees are walked in JavaScript, which is slower",
    );
  }
  const forest = opened && ("memory" in opened.placed ? opened.placed.forest : opened.placed);
  const own = { ...model, forest };
  const token: SharedTrees = {
    platform: model.library,
    model: own,
    placed: opened?.placed,
    options,
  };
  return new TreePredictor({
    jobs: jobsOf(own, opened?.runner, options),
    runner: opened?.runner,
    clock,
    share: () => token,
  });
}
