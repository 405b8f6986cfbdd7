/** A parameter of a graph: an input or an output. */
export interface GraphValue {
  readonly name: string;
  /** The kind of its type, such as `tensor` or `sequence`; `unknown` if the file does not declare one. */
  readonly kind: "tensor" | "sequence" | "map" | "sparse tensor" | "optional" | "unknown";
  /** The number in ONNX's `TensorProto.DataType`; 0 if it is not a tensor. */
  readonly elementType: number;
  /** The extents, -1 for an unknown one; null if the rank is unknown. A scalar has an empty list. */
  readonly shape: readonly number[] | null;
  /** True if an initializer is its default. */
  readonly hasDefault: boolean;
}

/** A tensor whose elements are in another file. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Undefined if the data extends to the end of the file. */
  readonly length: number | undefined;
}

/** The labels of a ZipMap, for the columns of its input. */
export type ClassLabels =
  | { readonly dtype: "int64"; readonly values: readonly bigint[] }
  | { readonly dtype: "string"; readonly values: readonly Uint8Array[] };

/** The facts that the kit reads from an ONNX file. */
export interface ModelFacts {
  readonly irVersion: number;
  /** The program that wrote the file, with its version. */
  readonly producer: string;
  /** The version of each operator set by its domain; "" is the default ONNX domain. */
  readonly opsets: ReadonlyMap<string, number>;
  /** The inputs, without initializers that cannot be overridden. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly external: readonly ExternalData[];
  /** The labels of the outputs that a ZipMap computes, by output name. */
  readonly zipMaps: ReadonlyMap<string, ClassLabels>;
  /** The number of nodes of each operator, including those in subgraphs. */
  readonly operators: ReadonlyMap<string, number>;
}
