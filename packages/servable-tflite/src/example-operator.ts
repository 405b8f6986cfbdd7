/** The dtypes of features. */
export type FeatureDType = "float32" | "int64" | "string";

/** The values of features of one dtype. */
export interface FeatureValues {
  readonly float32: ArrayLike<number>;
  readonly int64: ArrayLike<bigint>;
  readonly string: ArrayLike<Uint8Array>;
}

/** A feature with a fixed number of values: one output of the operator, `[examples, …shape]`. */
export interface DenseFeature {
  /** The bytes of its name, as latin1. */
  readonly key: string;
  readonly dtype: FeatureDType;
  readonly shape: readonly number[];
  /** One value per element of the shape. Absent if every example must have the feature. */
  readonly defaults?: FeatureValues[FeatureDType];
}

/** A feature with any number of values: three outputs, the parts of a sparse tensor `[examples, values]`. */
export type SparseFeature = Pick<DenseFeature, "key" | "dtype">;

/**
 * A ParseExample or ParseExampleV2 operator, which TF Serving adds to TensorFlow Lite and the C libraries do not have.
 * It parses `tf.Example` messages from an input of the graph.
 */
export interface ExampleOperator {
  /** Its index in the first subgraph. */
  readonly index: number;
  /** The number of the tensor with the serialized examples. */
  readonly serialized: number;
  readonly sparse: readonly SparseFeature[];
  readonly dense: readonly DenseFeature[];
  /** Tensor numbers: indices of all sparse features, their values, their shapes, then the dense features. */
  readonly outputs: readonly number[];
}
