import type { OperatorView } from "../values/operator-view.js";
import type { Finding } from "./constraint.js";

/** The versions of TensorFlow Lite in the table: versions below 2.21 count as 2.9, all others as 2.21. */
export type KernelGeneration = "2.9" | "2.21";

/** An operand whose values a kernel uses as an index, a size or a divisor. */
export interface OperandRow {
  /** Names of operators. */
  readonly operators: readonly string[];
  readonly operand: string;
  /** The generations whose kernels return an error for every value that `check` rejects. */
  readonly checkedBy: readonly KernelGeneration[];
  /** The generations whose kernels accept some wrong values, but stay within their memory. */
  readonly boundedBy?: readonly KernelGeneration[];
  /** Checks whether the operand has a value that the kernel can handle. */
  readonly check: (op: OperatorView) => Finding;
}

/** The sum of two such values and an extent fits in an int32. */
export const MAX_STEP = 2 ** 30;
