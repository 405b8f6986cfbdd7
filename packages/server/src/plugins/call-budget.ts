import type { MemoryAllowance } from "@serving-kit/inference";

/**
 * The memory that the requests of a server may take together.
 *
 * A transport opens an allowance when it starts to read a request, and disposes it when its answer was written.
 */
export interface CallBudget {
  /** Opens the allowance of one request. */
  open(): CallAllowance;
}

/**
 * The memory that one request may take.
 *
 * - CB1 A request takes at most ten times the bytes of its body or 32 MiB, whichever is more: beyond that, `take`
 *   throws RESOURCE_EXHAUSTED / REQUEST_TOO_COSTLY (413).
 * - CB2 All requests of all event loops together take at most the budget: beyond that, `receive` and `take` throw
 *   UNAVAILABLE / MEMORY_SPENT (503, with Retry-After) immediately. A request that is larger than the whole budget is
 *   refused as in CB1.
 * - CB3 Disposal gives everything back, once.
 */
export interface CallAllowance extends MemoryAllowance, Disposable {
  /** Takes bytes of the body as they arrive, and those that it inflates to. */
  receive(bytes: number): void;
  /** Replaces what was taken by the bytes of the answer. Never throws. */
  answer(bytes: number): void;
}

/** The allowance without a limit, as that of calls within the process, whose inputs exist already. */
export const UNLIMITED: CallAllowance = {
  receive() {},
  take() {},
  answer() {},
  [Symbol.dispose]() {},
};
