/**
 * Batching: schedulers that turn many small calls into few large ones, and the decorator that does
 * so for any predictor.
 *
 * @packageDocumentation
 */

export {
  AdaptiveBatchScheduler,
  type AdaptiveBatchSchedulerOptions,
} from "./adaptive-batch-scheduler.js";
export {
  type BasicBatchSchedulerOptions,
  createBasicBatchScheduler,
} from "./basic-batch-scheduler.js";
export type { BatchEvent, StartedBatch, TurnedAway } from "./batch-event.js";
export type { BatchQueue } from "./batch-queue.js";
export type {
  BatchQueueOptions,
  ResolvedBatchQueueOptions,
  TaskSplitting,
} from "./batch-queue-options.js";
export type { BatchQueueStats, DurationSummary } from "./batch-queue-stats.js";
export type {
  BatchContext,
  BatchFunction,
  BatchScheduler,
  ScheduleOptions,
} from "./batch-scheduler.js";
export type {
  BatchedPredictOptions,
  BatchedPredictor,
  SignatureQueueStats,
} from "./batched-predictor.js";
export { batching, batchingLoader } from "./batching.js";
export {
  type BatchingOptions,
  type SignatureBatchingOptions,
  schedulerOf,
} from "./batching-options.js";
export { type ParsedBatchingParameters, parseBatchingParameters } from "./batching-parameters.js";
export { batch } from "./batching-predictor.js";
export { errors as batchingErrors } from "./errors.js";
export {
  SharedBatchScheduler,
  type SharedBatchSchedulerOptions,
} from "./shared-batch-scheduler.js";
export {
  bestOf,
  formatBatchingParameters,
  type TuneConfiguration,
  type TuneOptions,
  type TuneResult,
  tune,
} from "./tune.js";
export type { VariableLengthPadding } from "./variable-length-padding.js";
