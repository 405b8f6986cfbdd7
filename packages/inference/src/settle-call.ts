import { type Clock, settleBy, systemClock } from "@serving-kit/core";
import { errors } from "./errors.js";

/** The parts of `PredictOptions` that end a call. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** Time in ms on the clock. */
  readonly deadlineAtMs?: number | undefined;
}

/**
 * Throws the signal's reason if it has aborted, and DEADLINE_EXCEEDED / DEADLINE_EXCEEDED if the deadline
 * has passed on the clock (default `systemClock`): for the start of `predict`, clauses S7 and S12 of
 * `Predictor`.
 */
export function throwIfEnded(
  { signal, deadlineAtMs }: CallLimits,
  clock: Clock = systemClock,
): void {
  signal?.throwIfAborted();
  if (deadlineAtMs !== undefined && deadlineAtMs <= clock.now()) throw errors.deadlineExceeded();
}

/**
 * Settles as the outputs of a call do. Rejects with the signal's reason when it aborts, and with DEADLINE_EXCEEDED /
 * DEADLINE_EXCEEDED at `deadlineAtMs` on the clock (default `systemClock`): clauses S7 and S12 of `Predictor`. Later
 * results of the call are ignored.
 */
export function settleCall<T>(
  outputs: Promise<T>,
  { signal, deadlineAtMs }: CallLimits,
  clock: Clock = systemClock,
): Promise<T> {
  if (signal === undefined && deadlineAtMs === undefined) return outputs;
  const deadline =
    deadlineAtMs === undefined
      ? undefined
      : { clock, atMs: deadlineAtMs, error: errors.deadlineExceeded };
  return settleBy(outputs, { signal, deadline });
}
