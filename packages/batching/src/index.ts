/**
 * Batching: schedulers that turn many small calls into few large ones, and the decorator that does
 * so for any predictor.
 *
 * @packageDocumentation
 */
export type { BatchQueueStats, DurationSummary } from "./batch-queue-stats.js";
export type {
  BatchContext,
  BatchFunction,
  BatchScheduler,
  ScheduleOptions,
} from "./batch-scheduler.js";
