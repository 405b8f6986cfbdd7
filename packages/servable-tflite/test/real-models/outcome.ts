/** The outcome of one model, against Python's answers. */
export interface Outcome {
  /**
   * - `right`: each call returned Python's answer, twice.
   * - `refused`: the version did not load, or its signatures cannot be called, with code UNIMPLEMENTED.
   * - `failed`: loading or a call that Python answers is an error.
   * - `wrong`: a call returned something else.
   * - `crashed`, `hung`: the process died, or did not end in time.
   */
  readonly verdict: "right" | "refused" | "failed" | "wrong" | "crashed" | "hung";
  readonly failures: readonly Failure[];
}

/** One call, or the load, that did not go as in Python. */
export interface Failure {
  /** The signature and case, or `load`. */
  readonly at: string;
  /** Absent if the answer is wrong. */
  readonly code?: string;
  readonly reason?: string;
  readonly message: string;
}

/** The outcome of one file of the list. */
export interface Result extends Outcome {
  readonly name: string;
  /** Its package, or the quantization of a converted file. */
  readonly group: string;
  /** True if Python answers a case of it. */
  readonly isComparable: boolean;
}
