import { isVersionWithin } from "@serving-kit/native-library";
import type { Graph } from "../graph/graph.js";

/** The versions whose XNNPACK multiplies int8 matrices. That of 2.21 is wrong, that of 2.23 is right. */
const WRONG_PRODUCTS = { atLeast: "2.10", below: "2.23" };

/**
 * The part of a graph that the XNNPACK of a runtime computes wrongly, without an error, while TensorFlow
 * Lite's own kernels are right: the product of two int8 matrices, as in attention layers. Undefined if there
 * is none.
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
