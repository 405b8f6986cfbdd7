import type { Forest } from "../forest/forest.js";
import { JsRunner } from "./js-runner.js";
import type { Runner } from "./runner.js";
import { type PlacedForest, placeForest, WasmRunner } from "./wasm-runner.js";

/** Where trees are walked: `wasm`, or `javascript` where WebAssembly does not run. The answers are the same. */
export type Kernel = "wasm" | "javascript";

/** A runner, and the forest where it lies. */
export interface OpenRunner {
  readonly runner: Runner;
  readonly kernel: Kernel;
  /** The forest for other threads: in the memory of WebAssembly if it is there. */
  readonly placed: PlacedForest | Forest;
}

/** Opens a runner on a forest that was read, or that another thread placed. */
export function openRunner(given: PlacedForest | Forest, wanted: Kernel): OpenRunner {
  if (wanted === "wasm") {
    const placed = "memory" in given ? given : placeForest(given);
    const runner = placed && WasmRunner.create(placed);
    if (runner) return { runner, kernel: "wasm", placed };
  }
  const forest = "memory" in given ? given.forest : given;
  return { runner: new JsRunner(forest), kernel: "javascript", placed: given };
}
