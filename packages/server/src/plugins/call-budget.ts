/**
 * The memory that the calls of one event loop may take together.
 *
 * `call` opens an allowance for each call before it reads the body, and closes it when the call has ended.
 */
export interface CallBudget {
  /** Opens the allowance of one call. May throw a ServingError, which refuses the call. */
  open(): CallAllowance;
}

/** The memory that one call may take. */
export interface CallAllowance extends Disposable {
  /** Takes bytes, before they are allocated. May throw a ServingError, which refuses the call. */
  take(bytes: number): void;
}

const unbounded: CallAllowance = { take() {}, [Symbol.dispose]() {} };

/** The budget without a bound. */
export const UNLIMITED: CallBudget = { open: () => unbounded };
