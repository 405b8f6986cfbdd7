/**
 * Batching: queues that turn many small calls into a few large ones, the slots that queues share, and the decorator
 * that batches any predictor.
 *
 * @packageDocumentation
 */

export {
  AdaptiveSlots,
  type AdaptiveSlotsOptions,
} from "./adaptive-slots.js";
export { batch } from "./batch.js";
export type { BatchEvent, StartedBatch, TaskRejection } from "./batch-event.js";
export {
  type BatchQueue,
  type CreateBatchQueueOptions,
  createBatchQueue,
} from "./batch-queue.js";
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
export {
  type BatchedPredictOptions,
  type BatchedPredictor,
  type CallQueueStats,
  isBatched,
} from "./batched-predictor.js";
export { batching, batchingLoader } from "./batching.js";
export {
  type BatchingOptions,
  type BatchSlots,
  type SignatureBatchingOptions,
  slotsOf,
} from "./batching-options.js";
export { errors as batchingErrors } from "./errors.js";
export {
  batchingParameterFields,
  type ParsedBatchingParameters,
  parseBatchingParameters,
} from "./parse-batching-parameters.js";
export { type ProbeOptions, type ProbeOutcome, probeRows } from "./probe-rows.js";
export { proveRows, type RowProof } from "./prove-rows.js";
export {
  SharedSlots,
  type SharedSlotsOptions,
} from "./shared-slots.js";
export {
  bestOf,
  formatBatchingParameters,
  type TuneConfiguration,
  type TuneOptions,
  type TuneResult,
  tune,
} from "./tune.js";
export type { VariableLengthPadding } from "./variable-length-padding.js";
