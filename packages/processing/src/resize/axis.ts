/** One axis of a resize: which elements of the input, and which of the outputs are needed. */
export interface Axis {
  /** The first element of the input that counts. */
  readonly start: number;
  /** The number of elements of the input that count. */
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
  /** The weights, `width` for each output; those after its count are 0. */
  readonly weights: W;
  readonly width: number;
}
