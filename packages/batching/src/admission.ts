import type { ServingError } from "@serving-kit/core";
import type { TaskRejection } from "./batch-event.js";
import { errors } from "./errors.js";

/** A task to schedule, and the state of the queue. */
export interface Applicant {
  readonly size: number;
  readonly isExpired: boolean;
  readonly isClosed: boolean;
  readonly signal: AbortSignal | undefined;
  readonly maxTaskSize: number;
  /** The size for which the task's level has room. */
  readonly place: number;
  readonly expiredError: () => ServingError;
}

/** Returns why a task must be rejected: the first reason that applies. */
export function refusalOf(applicant: Applicant): { because: TaskRejection; error: unknown } {
  const { size, signal, maxTaskSize, place } = applicant;
  if (signal?.aborted) return { because: "aborted", error: signal.reason };
  if (applicant.isClosed) return { because: "queue-closed", error: errors.batchQueueClosed() };
  if (applicant.isExpired) return { because: "expired", error: applicant.expiredError() };
  if (size > maxTaskSize) {
    return { because: "task-too-large", error: errors.taskTooLarge(size, maxTaskSize) };
  }
  return { because: "queue-full", error: errors.batchQueueFull(size, Math.max(0, place)) };
}
