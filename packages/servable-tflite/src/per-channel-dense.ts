import type { Graph } from "./graph/graph.js";

/**
 * Returns whether a fully connected layer has weights with a scale for each channel, as converters
 * since 2.17 make them. Older runtimes take the first scale for all: they compute wrong answers and
 * report no error.
 */
export function hasPerChannelDense({ subgraphs }: Graph): boolean {
  return subgraphs.some(({ operators, tensors }) =>
    operators.some(({ name, inputs }) => {
      const weights = name === "FULLY_CONNECTED" ? tensors[inputs[1] ?? -1] : undefined;
      return (weights?.quantization?.scale.length ?? 0) > 1;
    }),
  );
}
