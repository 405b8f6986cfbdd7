import { type Graph, NO_TENSOR, type Operator, type Subgraph } from "./graph/graph.js";

/** Operators that decide at run time which subgraph runs, or how often. */
const CONTROL_FLOW: ReadonlySet<string> = new Set(["WHILE", "IF", "CALL", "STABLEHLO_WHILE"]);

/** Operators whose output sizes are values of operands, by the indices of these operands. */
const SIZE_OPERANDS: ReadonlyMap<string, readonly number[]> = new Map([
  ["FILL", [0]],
  ["RANGE", [0, 1, 2]],
  ["BROADCAST_TO", [1]],
  ["TILE", [1]],
  ["ONE_HOT", [1]],
  ["PAD", [1]],
  ["PADV2", [1]],
  ["MIRROR_PAD", [1]],
  ["RESIZE_BILINEAR", [1]],
  ["RESIZE_NEAREST_NEIGHBOR", [1]],
  ["SCATTER_ND", [2]],
  ["SPARSE_TO_DENSE", [1]],
  ["TRANSPOSE_CONV", [0]],
  ["CONV_3D_TRANSPOSE", [0]],
  ["SPACE_TO_BATCH_ND", [1, 2]],
  ["BATCH_TO_SPACE_ND", [1, 2]],
  ["RANDOM_UNIFORM", [0]],
  ["RANDOM_STANDARD_NORMAL", [0]],
  ["MULTINOMIAL", [1]],
  ["UNSORTED_SEGMENT_SUM", [2]],
  ["UNSORTED_SEGMENT_PROD", [2]],
  ["UNSORTED_SEGMENT_MAX", [2]],
  ["UNSORTED_SEGMENT_MIN", [2]],
  ["RFFT2D", [1]],
]);

/**
 * Returns whether the time of a run can depend on the values of its inputs, and not only on their shapes: through
 * control flow, sizes that a run computes, strings, or custom operators. For such a model, one run does not predict the
 * time of the next.
 */
export function hasOpenRunTime({ subgraphs }: Pick<Graph, "subgraphs">): boolean {
  return subgraphs.some(
    (subgraph) =>
      subgraph.tensors.some(({ type }) => type?.name === "STRING" || type?.name === "VARIANT") ||
      subgraph.operators.some((operator) => isOpen(subgraph, operator)),
  );
}

function isOpen({ tensors }: Subgraph, { name, inputs }: Operator): boolean {
  if (CONTROL_FLOW.has(name) || name.startsWith("Flex")) return true;
  const places = SIZE_OPERANDS.get(name) ?? [];
  return places.some((place) => {
    const tensor = inputs[place] ?? NO_TENSOR;
    return tensor !== NO_TENSOR && tensors[tensor]?.data === undefined;
  });
}
