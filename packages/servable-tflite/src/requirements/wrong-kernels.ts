import type { Graph, GraphTensor, Operator } from "../graph/graph.js";

/**
 * A kernel of older runtimes that silently computes wrong results, crashes the process, or lacks an operand type that
 * the operator's version does not show.
 */
export interface WrongKernel {
  /** The part of the model, as the subject of a sentence. */
  readonly what: string;
  /** The fault of an older runtime, as the end of a sentence. */
  readonly fault: "computes wrongly" | "does not have" | "does not survive";
  /** The first runtime that is known to compute it correctly. */
  readonly correctSince: string;
  /** Instructions to convert the model for an older runtime. */
  readonly remedy: string;
  readonly concerns: (operator: Operator, tensors: readonly GraphTensor[]) => boolean;
}

/** The operators that rescale quantized operands to a common scale. */
const COMPARISONS = ["EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"];
const RESCALING = ["ADD", "SUB", "SQUARED_DIFFERENCE", ...COMPARISONS];
const SMALLEST_NORMAL = 2 ** -126;
const LSTMS = ["LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"];

const WRONG_KERNELS: readonly WrongKernel[] = [
  {
    // Converters emit them since 2.17. Older kernels use the first scale for all channels.
    what: "fully connected layers quantized for each channel",
    fault: "computes wrongly",
    correctSince: "2.17",
    remedy:
      "convert it with converter._experimental_disable_per_channel_quantization_for_dense_layers = True",
    concerns: ({ name, inputs }, tensors) =>
      name === "FULLY_CONNECTED" && scalesOf(tensors[inputs[1] ?? -1]) > 1,
  },
  {
    // 2.9 differs from 2.17 by up to 38 of 255 on a noise suppression model with two such layers.
    what: "LSTM layers with int8 activations",
    fault: "computes wrongly",
    correctSince: "2.17",
    remedy: "convert it without a representative dataset",
    concerns: ({ name, inputs }, tensors) =>
      LSTMS.includes(name) && typeOf(tensors[inputs[0] ?? -1]) === "INT8",
  },
  {
    what: "TILE of int16",
    fault: "does not have",
    correctSince: "2.23",
    remedy: "convert it without 16-bit activations",
    concerns: ({ name, inputs }, tensors) =>
      name === "TILE" && typeOf(tensors[inputs[0] ?? -1]) === "INT16",
  },
  {
    what: "BATCH_MATMUL of int16 and int8",
    fault: "does not have",
    correctSince: "2.23",
    remedy: "convert it without 16-bit activations",
    concerns: ({ name, inputs }, tensors) =>
      name === "BATCH_MATMUL" &&
      typeOf(tensors[inputs[0] ?? -1]) === "INT16" &&
      typeOf(tensors[inputs[1] ?? -1]) === "INT8",
  },
  {
    // A run flushes subnormal numbers to zero, and `QuantizeMultiplierSmallerThanOneExp` aborts on zero.
    what: "ADD, SUB, SQUARED_DIFFERENCE or a comparison of quantized values with a scale below 2^-126",
    fault: "does not survive",
    correctSince: "2.23",
    remedy:
      "convert it with data that does not leave a tensor 0, as the initial state of an RNN is",
    concerns: ({ name, inputs, outputs }, tensors) =>
      RESCALING.includes(name) &&
      [...inputs, ...outputs].some((index) =>
        tensors[index]?.quantization?.scale.some((scale) => scale < SMALLEST_NORMAL),
      ),
  },
];

const typeOf = (tensor: GraphTensor | undefined) => tensor?.type?.name;

const scalesOf = (tensor: GraphTensor | undefined) => tensor?.quantization?.scale.length ?? 0;

/** Returns the kernels that compute a graph wrongly in older runtimes. */
export function wrongKernelsFor({ subgraphs }: Graph): readonly WrongKernel[] {
  return WRONG_KERNELS.filter(({ concerns }) =>
    subgraphs.some(({ operators, tensors }) =>
      operators.some((operator) => concerns(operator, tensors)),
    ),
  );
}
