import { runToEnd } from "@serving-kit/core";
import { readUbjson } from "../src/document/ubjson.js";
import { openRunner } from "../src/kernel/open-runner.js";
import { marginsOf } from "../src/predict/margins.js";
import { MatrixRows } from "../src/predict/row-source.js";
import type { TreeModel } from "../src/tree-model.js";
import { readModel } from "../src/xgboost/read-model.js";

/** The kernel of a `.ubj` file without a predictor around it, for benchmarks: margins of so many rows at a time. */
export function openKernel(file: Uint8Array, rows: Float32Array) {
  const model: TreeModel = runToEnd(
    readModel(runToEnd(readUbjson(file)), file.length, { allRounds: false }),
  );
  const { forest, features, groups } = model;
  const { runner, kernel } = openRunner(forest as NonNullable<typeof forest>, "wasm");
  if (kernel !== "wasm") throw new Error("WebAssembly does not run");
  const margins = marginsOf(model, runner);
  const total = rows.length / features;
  return (many: number) => {
    const out = new Float32Array(many * groups);
    const source = new MatrixRows(rows, total, features, Number.NaN);
    return (count: number): void => {
      for (let i = 0; i < count; i++) margins.write(source, (i * 7) % (total - many), many, out);
    };
  };
}
