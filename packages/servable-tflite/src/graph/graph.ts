import type { FlatTable } from "../flatbuffer.js";
import type { TensorType } from "../tensor-type.js";

/** A .tflite file as TensorFlow Lite sees it. Its byte arrays are views of the file. */
export interface Graph {
  /** Never empty; signatures without a subgraph of their own run subgraph 0. */
  readonly subgraphs: readonly Subgraph[];
  readonly signatureDefs: readonly SignatureDef[];
  /** The bytes of the metadata entries by name. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /**
   * The TensorFlow version that has all kernels, as the converter wrote it, such as `2.10.0`. Absent if the file does
   * not have it. For some quantized models, converters write a version that is too low.
   */
  readonly minRuntimeVersion?: string;
}

/** One graph of operators. Tensors are referred to by their index in `tensors`. */
export interface Subgraph {
  readonly index: number;
  readonly name: string;
  readonly tensors: readonly GraphTensor[];
  /** Tensor numbers, or `NO_TENSOR`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** In the order of execution. */
  readonly operators: readonly Operator[];
}

/** The number of an optional tensor that is absent. */
export const NO_TENSOR = -1;

/** A tensor of a subgraph. */
export interface GraphTensor {
  readonly index: number;
  readonly name: string;
  /** The number of the TensorType, and the entry of `TENSOR_TYPES` unless the type is unknown. */
  readonly typeNumber: number;
  readonly type: TensorType | undefined;
  /** The shape the file allocates; an unknown extent is usually 1 here. */
  readonly shape: readonly number[];
  /** The shape with -1 for unknown extents. Empty if the file has none. */
  readonly shapeSignature: readonly number[];
  /** False if the rank may be unknown when `shape` is empty. Old files never set it. */
  readonly hasRank: boolean;
  /** True if TensorFlow Lite keeps its value between runs. */
  readonly isVariable: boolean;
  /** The elements of a constant in the layout of the type. Absent if the value comes from a run. */
  readonly data?: Uint8Array;
  /** True if `data` has only some of the elements, which DENSIFY expands. */
  readonly isSparse: boolean;
  /** Absent if the file has no scale for it. */
  readonly quantization?: GraphQuantization;
}

/** real = scale * (quantized - zeroPoint), with one pair for the tensor or for each slice of `dimension`. */
export interface GraphQuantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly bigint[];
  readonly dimension: number;
}

/** One step of a subgraph. */
export interface Operator {
  readonly index: number;
  /** The number of the BuiltinOperator; `CUSTOM` for a custom operator. */
  readonly code: number;
  /** The name of the BuiltinOperator, or the custom code. */
  readonly name: string;
  /** Absent if the operator is builtin. Custom codes of TensorFlow's own operators start with `Flex`. */
  readonly customCode?: string;
  /** The version of the kernel that the operator needs. */
  readonly version: number;
  /** Tensor numbers, or `NO_TENSOR`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly intermediates: readonly number[];
  /** The table of builtin_options, such as GatherOptions for GATHER. Absent if all have defaults. */
  readonly options?: FlatTable;
  /** The table of builtin_options_2, which the StableHLO operators have. */
  readonly options2?: FlatTable;
  readonly customOptions?: Uint8Array;
}

/** A signature: names for inputs and outputs of a subgraph. */
export interface SignatureDef {
  /** Empty if the file has none. */
  readonly key: string;
  readonly subgraph: number;
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

/** A name of a signature and its tensor's number. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: number;
}
