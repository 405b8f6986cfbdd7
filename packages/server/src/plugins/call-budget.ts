import type { MemoryAllowance } from "@serving-kit/inference";

/**
 * The memory that all requests of a server may take together.
 *
 * A transport opens an allowance when it starts to read a request, and disposes it once the response has been written.
 */
export interface CallBudget {
  /** Opens the allowance of one request. */
  open(): CallAllowance;
}

/**
 * The memory that one request may take.
 *
 * - CB1 A request takes at most ten times the bytes of its body or 32 MiB, whichever is more. Beyond that, `take`
 *   throws RESOURCE_EXHAUSTED / REQUEST_TOO_COSTLY (413).
 * - CB2 All requests of all event loops together take at most the budget. Beyond that, `receive` and `take` immediately
 *   throw UNAVAILABLE / MEMORY_SPENT (503, with Retry-After). A request that is larger than the whole budget is refused
 *   as in CB1.
 * - CB3 Disposal returns all memory, once.
 */
export interface CallAllowance extends MemoryAllowance, Disposable {
  /** Takes memory for bytes of the body as they arrive, and for the bytes that they inflate to. */
  receive(bytes: number): void;
  /** Replaces the memory taken so far with the size of the response. Never throws. */
  answer(bytes: number): void;
}

/** An allowance without a limit, for calls within the process, whose inputs already exist. */
export const UNLIMITED: CallAllowance = {
  receive() {},
  take() {},
  answer() {},
  [Symbol.dispose]() {},
};
