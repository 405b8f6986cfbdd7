import type { OperatorView } from "../values/operator-view.js";
import type { Finding } from "./constraint.js";

/** The versions of TensorFlow Lite that the table knows: those below 2.21 as 2.9, all others as 2.21. */
export type KernelGeneration = "2.9" | "2.21";

/** An operand whose values a kernel uses as an index, a size or a divisor. */
export interface OperandRow {
  /** Names of operators. */
  readonly operators: readonly string[];
  readonly operand: string;
  /** The generations whose kernels return an error for every value that `check` rejects. */
  readonly checkedBy: readonly KernelGeneration[];
  /** Generations whose kernels accept some wrong values, but stay within their memory. */
  readonly boundedBy?: readonly KernelGeneration[];
  /** Whether the operand holds what the kernel needs. */
  readonly check: (op: OperatorView) => Finding;
}

/** Sums of two such values and an extent stay in an int32. */
export const MAX_STEP = 2 ** 30;
