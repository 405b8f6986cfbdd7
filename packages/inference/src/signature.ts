import type { DType } from "./dtype.js";

/** The mapping of a quantized tensor's integers to real numbers: `real = (q - zeroPoint) * scale`. */
export interface Quantization {
  /** One scale for the tensor, or one for each slice along `dimension`. */
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  /** The quantized dimension, if there is more than one scale. */
  readonly dimension?: number;
}

/** The extents of a tensor, -1 for any; null if not even the rank is known. */
export type Shape = readonly number[] | null;

/**
 * The description of one input or output in a signature.
 *
 * @example
 * ```ts
 * const image: TensorSpec = { dtype: "float32", shape: [-1, 64] };
 * ```
 */
export interface TensorSpec<D extends DType = DType, S = Shape> {
  readonly dtype: D;
  /** The shape, -1 for a dimension of any extent; null if not even the rank is known. */
  readonly shape: S;
  /** The name inside the model, such as `dense_input:0`. */
  readonly nativeName?: string;
  readonly quantization?: Quantization;
  /** True for an input that may be left out, because the model has a default for it. */
  readonly isOptional?: boolean;
  /**
   * The element that means "missing" in an optional input: NaN for floats, an empty string for strings. In JSON, null
   * means the same, and a row may omit an input that other rows have. Default none: all rows have the input, or none.
   */
  readonly missing?: number | string;
}

/** A tensor of a model that calls can neither pass nor return, such as a ragged one or a handle. */
export interface OpaqueTensor {
  /** The reason as a clause, such as `is ragged`. */
  readonly problem: string;
  /** The number of its type in TensorFlow's `DataType`; 0 for an operation. */
  readonly dataType: number;
  readonly shape: readonly number[] | null;
  /** The name inside the model, if it is one tensor. */
  readonly nativeName?: string;
  /** The names of the three tensors that make up a sparse tensor. */
  readonly cooSparse?: {
    readonly values: string;
    readonly indices: string;
    readonly denseShape: string;
  };
  /** The parts of a ragged or other composite tensor. */
  readonly composite?: {
    /** The name in TensorFlow's `TypeSpecProto.TypeSpecClass`, such as `RAGGED_TENSOR_SPEC`. */
    readonly typeSpecClass: string;
    /** The name of the class in Python, such as `RaggedTensorSpec`. */
    readonly typeSpecClassName: string;
    readonly components: readonly Pick<OpaqueTensor, "dataType" | "shape" | "nativeName">[];
  };
}

/**
 * One way to call a model: its named inputs and outputs.
 *
 * @example
 * ```ts
 * const signature: Signature = {
 *   inputs: new Map([["x", spec.float32([-1])]]),
 *   outputs: new Map([["y", spec.float32([-1])]]),
 * };
 * ```
 */
export interface Signature {
  /** The method as the model file names it, such as `tensorflow/serving/predict`. */
  readonly methodName?: string;
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly outputs: ReadonlyMap<string, TensorSpec>;
  /** Inputs that calls cannot pass. A signature that has any cannot be called: see `Predictor.uncallable`. */
  readonly opaqueInputs?: ReadonlyMap<string, OpaqueTensor>;
  /** Outputs that calls cannot return. Calls that request only other outputs are answered. */
  readonly opaqueOutputs?: ReadonlyMap<string, OpaqueTensor>;
  /**
   * True if a call with other shapes is rejected (TENSOR_SHAPE_MISMATCH). Default false, as in TF Serving: shapes are
   * descriptions, and the model itself rejects a shape that it cannot compute.
   */
  readonly checksShapes?: boolean;
  /**
   * The same inputs and outputs in the same order under other names, such as the names of the model's tensors. A server
   * accepts a call in the names of one form and answers in the same names. A predictor receives the names of the
   * signature itself. Default none.
   */
  readonly aliases?: readonly Signature[];
}

/** The signature of a call that names none. */
export const DEFAULT_SIGNATURE = "serving_default";
