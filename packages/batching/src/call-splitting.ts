import type { Tensors } from "@serving-kit/inference";
import type { TaskSplitting } from "./batch-queue-options.js";
import { concatInputs } from "./concat-and-split.js";
import { viewRowsOfAll } from "./rows.js";

/** Splits calls that have more rows than a batch may have: views of the inputs, one copy of the outputs. */
export function callSplitting(maxExecutionBatchSize: number): TaskSplitting<Tensors, Tensors> {
  return {
    maxExecutionBatchSize,
    split: (inputs, rows) => [
      viewRowsOfAll(inputs, 0, rows),
      viewRowsOfAll(inputs, rows, rowsOf(inputs) - rows),
    ],
    merge(parts) {
      const outputs = Object.keys(parts[0] as Tensors).map((name) => ({ name, shape: null }));
      const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0);
      return concatInputs(parts, outputs, rows);
    },
  };
}

function rowsOf(tensors: Tensors): number {
  return Object.values(tensors)[0]?.shape[0] ?? 0;
}
