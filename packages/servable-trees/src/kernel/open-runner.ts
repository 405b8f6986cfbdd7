import type { Forest } from "../forest/forest.js";
import { JsRunner } from "./js-runner.js";
import type { Runner } from "./runner.js";
import { type PlacedForest, placeForest, WasmRunner } from "./wasm-runner.js";

/** The kernel that walks trees: `wasm`, or `javascript` if WebAssembly is not available. The results are the same. */
export type Kernel = "wasm" | "javascript";

/** A runner, and the forest in its memory. */
export interface OpenRunner {
  readonly runner: Runner;
  readonly kernel: Kernel;
  /** The forest for other threads: in WebAssembly memory if available. */
  readonly placed: PlacedForest | Forest;
}

/** Opens a runner on a forest that was just read, or that another thread has placed. */
export function openRunner(given: PlacedForest | Forest, wanted: Kernel): OpenRunner {
  if (wanted === "wasm") {
    const placed = "memory" in given ? given : placeForest(given);
    const runner = placed && WasmRunner.create(placed);
    if (runner) return { runner, kernel: "wasm", placed };
  }
  const forest = "memory" in given ? given.forest : given;
  return { runner: new JsRunner(forest), kernel: "javascript", placed: given };
}
