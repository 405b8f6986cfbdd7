import { type GraphTensor, NO_TENSOR, type Subgraph } from "../graph/graph.js";
import type { SubgraphOutline } from "../model-description.js";
import type { Bindings } from "./bindings.js";
import type { TensorTable } from "./tensor-table.js";

/**
 * Operators over windows or pixels, whose kernels divide by an extent or read at least one element. An empty input or
 * output is meaningless, and some kernels crash on it: SIGFPE in the int8 DEPTHWISE_CONV_2D of 2.9 and 2.21, SIGSEGV in
 * XNNPACK's of 2.21.
 */
const OVER_WINDOWS = new Set([
  "AVERAGE_POOL_2D",
  "CONV_2D",
  "CONV_3D",
  "CONV_3D_TRANSPOSE",
  "DEPTH_TO_SPACE",
  "DEPTHWISE_CONV_2D",
  "L2_POOL_2D",
  "LOCAL_RESPONSE_NORMALIZATION",
  "MAX_POOL_2D",
  "RESIZE_BILINEAR",
  "RESIZE_NEAREST_NEIGHBOR",
  "SPACE_TO_DEPTH",
  "TRANSPOSE_CONV",
]);

/** Reductions that are undefined over an empty set. If the result has no elements, they do nothing. */
const OVER_AXES = new Set(["ARG_MAX", "ARG_MIN", "MEAN"]);

/** Operators whose data tensor is not the first input. */
const DATA_INPUT: Readonly<Record<string, number>> = { TRANSPOSE_CONV: 2, CONV_3D_TRANSPOSE: 2 };

/** Returns the outline of a subgraph; undefined if no operator needs elements. */
export function outlineOf({
  inputs,
  outputs,
  operators,
  tensors,
}: Subgraph): SubgraphOutline | undefined {
  if (!operators.some(({ name }) => needsElements(name))) return undefined;
  const nodes = operators.map(({ name, inputs, outputs }) => ({
    name,
    data: dataOf(name, inputs),
    isReduction: OVER_AXES.has(name),
    outputs: outputs.filter((number) => number !== NO_TENSOR),
  }));
  const dynamic = new Set(tensors.filter(isDynamicInFile).map(({ index }) => index));
  const hasWindows = operators.some(({ name }) => OVER_WINDOWS.has(name));
  return { inputs, outputs, nodes, hasWindows, dynamic };
}

const needsElements = (name: string) => OVER_WINDOWS.has(name) || OVER_AXES.has(name);

function dataOf(name: string, inputs: readonly number[]): number | undefined {
  if (!needsElements(name)) return undefined;
  const data = inputs[DATA_INPUT[name] ?? 0];
  return data === NO_TENSOR ? undefined : data;
}

/** Strings are dynamic. A shape without elements may be how the converter writes an unknown shape. */
const isDynamicInFile = ({ type, shape }: GraphTensor) =>
  (type?.bits ?? 0) === 0 || shape.includes(0);

/** The subgraph to search with `emptyOperator`: without delegates, and with allocated tensors. */
export interface AllocatedSubgraph {
  readonly outline: SubgraphOutline;
  readonly table: TensorTable;
  readonly bindings: Bindings;
  /** Collects dynamic tensors, which keep memory from run to run. */
  readonly dynamic: Set<number>;
}

/**
 * Finds an operator that needs elements but has an empty input or output; returns a description of it. Operators after
 * the first dynamic tensor are prepared during the run, so their shapes are unknown.
 */
export function emptyOperator(subgraph: AllocatedSubgraph): string | undefined {
  const { outline, table, bindings } = subgraph;
  const isEmpty = (tensor: number) => Number(bindings.tensorBytes(table.at(tensor))) === 0;
  for (const [number, { name, data, isReduction, outputs }] of outline.nodes.entries()) {
    if (outputs.some((tensor) => isDynamic(tensor, subgraph))) return undefined;
    if (data === undefined) continue;
    const hasNone = isReduction
      ? isEmpty(data) && !outputs.some(isEmpty)
      : isEmpty(data) || outputs.some(isEmpty);
    if (hasNone) return `operator ${number} (${name})`;
  }
  return undefined;
}

function isDynamic(tensor: number, { outline, table, bindings, dynamic }: AllocatedSubgraph) {
  if (outline.dynamic.has(tensor) || dynamic.has(tensor)) return true;
  const pointer = table.at(tensor);
  const isOne = bindings.tensorData(pointer) === null && Number(bindings.tensorBytes(pointer)) > 0;
  if (isOne) dynamic.add(tensor);
  return isOne;
}
