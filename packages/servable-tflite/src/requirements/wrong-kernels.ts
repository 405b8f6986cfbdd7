import type { Graph, GraphTensor, Operator } from "../graph/graph.js";

/** Kernels of older runtimes that compute wrong answers and report no error. */
export interface WrongKernel {
  /** The part of the model, as the subject of a sentence. */
  readonly what: string;
  /** The first runtime that is known to compute it correctly. */
  readonly correctSince: string;
  /** How to convert the model for an older runtime. */
  readonly remedy: string;
  readonly concerns: (operator: Operator, tensors: readonly GraphTensor[]) => boolean;
}

const LSTMS = ["LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM"];

const WRONG_KERNELS: readonly WrongKernel[] = [
  {
    // Converters since 2.17 make them. Older kernels take the first scale for all channels.
    what: "fully connected layers quantized for each channel",
    correctSince: "2.17",
    remedy:
      "convert it with converter._experimental_disable_per_channel_quantization_for_dense_layers = True",
    concerns: ({ name, inputs }, tensors) =>
      name === "FULLY_CONNECTED" && scalesOf(tensors[inputs[1] ?? -1]) > 1,
  },
  {
    // 2.9 differs from 2.17 by up to 38 of 255 on a noise suppression model with two of them.
    what: "LSTM layers with int8 activations",
    correctSince: "2.17",
    remedy: "convert it without a representative dataset",
    concerns: ({ name, inputs }, tensors) =>
      LSTMS.includes(name) && tensors[inputs[0] ?? -1]?.type?.name === "INT8",
  },
];

const scalesOf = (tensor: GraphTensor | undefined) => tensor?.quantization?.scale.length ?? 0;

/** The kernels that compute a graph wrongly in older runtimes. */
export function wrongKernelsFor({ subgraphs }: Graph): readonly WrongKernel[] {
  return WRONG_KERNELS.filter(({ concerns }) =>
    subgraphs.some(({ operators, tensors }) =>
      operators.some((operator) => concerns(operator, tensors)),
    ),
  );
}
