import { rowAnalysis } from "@serving-kit/inference";
import type { FlatTable } from "../flatbuffer.js";
import type { GraphTensor } from "../graph/graph.js";

const { mixed, numberOf } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** An operator with the known row structure of its inputs. */
export interface OperatorRows {
  readonly name: string;
  readonly options: FlatTable | undefined;
  /** Undefined for an optional input that is absent. */
  readonly inputs: readonly (RowValue | undefined)[];
  /** The outputs as the file describes them. */
  readonly outputs: readonly (GraphTensor | undefined)[];
}

/** Returns an input; a mixed value if it is absent. */
export const input = ({ inputs }: OperatorRows, index: number): RowValue =>
  inputs[index] ?? mixed("an input is missing");

/** Returns the integers of an input as extents. */
export const extents = (op: OperatorRows, index: number): readonly Extent[] | undefined => {
  const value = op.inputs[index];
  return value?.kind === "fixed" ? value.elements : undefined;
};

/** Returns the integers of an input, if all are known numbers. */
export function numbers(op: OperatorRows, index: number): readonly number[] | undefined {
  const known = extents(op, index)?.map(numberOf);
  return known?.includes(undefined) ? undefined : (known as number[] | undefined);
}
