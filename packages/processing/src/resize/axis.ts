/** One axis of a resize: the elements of the input to use, and the outputs to compute. */
export interface Axis {
  /** The first element of the input that is used. */
  readonly start: number;
  /** The number of elements of the input that are used. */
  readonly size: number;
  /** The number of outputs of the whole resize. */
  readonly outSize: number;
  /** The first output that is needed. */
  readonly outStart: number;
  /** The number of outputs that are needed. */
  readonly outCount: number;
}

/** The weights of the inputs of each output of an axis. */
export interface Taps<W extends Int32Array | Float32Array = Int32Array | Float32Array> {
  /** The first input of each output. */
  readonly starts: Int32Array;
  /** The number of inputs of each output. */
  readonly counts: Int32Array;
  /** The weights, `width` for each output; those beyond its count are 0. */
  readonly weights: W;
  readonly width: number;
}
