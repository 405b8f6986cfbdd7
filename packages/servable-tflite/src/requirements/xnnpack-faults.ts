import { isVersionWithin } from "@serving-kit/native-library";
import type { Graph } from "../graph/graph.js";

/** The versions whose XNNPACK multiplies int8 matrices wrongly: 2.21's is wrong, 2.23's is correct. */
const WRONG_PRODUCTS = { atLeast: "2.10", below: "2.23" };

/**
 * Returns the part of a graph for which a runtime's XNNPACK silently computes wrong results, while TensorFlow Lite's
 * own kernels are correct: the product of two int8 matrices, as in attention layers. Undefined if there is none.
 */
export function xnnpackFault({ subgraphs }: Graph, version: string): string | undefined {
  if (!isVersionWithin(version, WRONG_PRODUCTS)) return undefined;
  const hasProduct = subgraphs.some(({ operators, tensors }) =>
    operators.some(
      ({ name, inputs }) =>
        name === "BATCH_MATMUL" && tensors[inputs[0] ?? -1]?.type?.name === "INT8",
    ),
  );
  return hasProduct ? "BATCH_MATMUL of int8" : undefined;
}
