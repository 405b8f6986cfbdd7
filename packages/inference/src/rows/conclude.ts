import type { RowVerdict } from "../row-verdict.js";
import { isSame, NUMBER_OF_ROWS } from "./extent.js";
import { isRows, type RowValue, rowExtent } from "./row-value.js";

/** Returns the verdict on a signature from what is known of its outputs. */
export function conclude(outputs: ReadonlyMap<string, RowValue | undefined>): RowVerdict {
  for (const [name, value] of outputs) {
    const problem = problemOf(value);
    if (problem !== undefined) {
      return { verdict: "unknown", reason: `output "${name}": ${problem}` };
    }
  }
  return { verdict: "independent", reason: "each op keeps rows apart" };
}

function problemOf(value: RowValue | undefined): string | undefined {
  if (value === undefined) return "nothing computes it";
  if (value.kind === "mixed") return value.reason;
  if (!isRows(value)) return "it is the same for all rows";
  const isBatch = value.axis === 0 && isSame(rowExtent(value), NUMBER_OF_ROWS);
  return isBatch ? undefined : "it has not one row for each row of the inputs";
}
