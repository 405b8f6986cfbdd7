import type { ServingError } from "@serving-kit/core";
import type { BatchEvent, StartedBatch } from "./batch-event.js";
import { errors } from "./errors.js";

/**
 * Options for the batches of one queue. Names and defaults are those of TF Serving's `BatchingParameters`, in
 * milliseconds and camel case.
 */
export interface BatchQueueOptions<T = unknown, R = unknown> {
  /**
   * Maximum size of a task, and of a batch unless large tasks are split. An integer >= 1. Default 1000.
   */
  readonly maxBatchSize?: number | undefined;
  /**
   * Maximum time in ms that the oldest task of a batch that is not full waits for others; rounded up to an integer.
   * Default 0. Infinity waits until the batch is full.
   */
  readonly batchTimeoutMs?: number | undefined;
  /**
   * The time at which a batch that is not full starts while no batch of its queue runs.
   *
   * - `"idle-first"`, the default: it does not wait, so a lone task never waits. The timeout only applies while another
   *   batch of the queue runs and a slot is free. Clause B4 has the exceptions for runs of 4 ms or more.
   * - `"batch-timeout"`: it waits up to `batchTimeoutMs`, as in TF Serving.
   */
  readonly timing?: "idle-first" | "batch-timeout" | undefined;
  /**
   * Maximum number of batches that wait in each priority level. A waiting batch counts if it is full or if the next
   * task did not fit; running batches do not count. An integer >= 1. Default 10. It also bounds the wait of the last
   * task: this number of batches, divided by the slots, plus the running ones.
   */
  readonly maxEnqueuedBatches?: number | undefined;
  /**
   * The sizes that batches are padded to, ascending; the last must be `maxExecutionBatchSize`. Default none: no
   * padding. The scheduler chooses the size; the batch function pads.
   */
  readonly allowedBatchSizes?: readonly number[] | undefined;
  /** Number of priority levels. An integer >= 1. Default 1. */
  readonly priorityLevels?: number | undefined;
  /** Splits tasks that do not fit into the rest of a batch. Default none: tasks are not split. */
  readonly splitting?: TaskSplitting<T, R> | undefined;
  /**
   * Returns whether a task may run in the batch that another task starts. Must be symmetric and transitive. Default:
   * every task may.
   */
  readonly joins?: ((first: T, task: T) => boolean) | undefined;
  /** The error of a task whose deadline passes while it waits. Default TASK_DEADLINE_EXCEEDED. */
  readonly expiredError?: (() => ServingError) | undefined;
  /** Receives each event. Must not throw. */
  readonly onEvent?: ((event: BatchEvent) => void) | undefined;
  /** Receives each batch that starts, with all its tasks. Must be fast and must not throw. */
  readonly onBatchStart?: ((batch: StartedBatch) => void) | undefined;
}

/** Functions that split large tasks and merge their results (TF Serving's `enable_large_batch_splitting`). */
export interface TaskSplitting<T, R> {
  /** Maximum size of a batch, if tasks may be larger. An integer from 1 to `maxBatchSize`. */
  readonly maxExecutionBatchSize: number;
  /** Splits a task in two, the first of `size`. Must not modify the task. */
  split(task: T, size: number): readonly [first: T, rest: T];
  /** Merges the results of all parts, in order. */
  merge(results: readonly R[]): R;
}

/** The options of a queue with all defaults filled in. */
export type ResolvedBatchQueueOptions<T, R> = {
  readonly [K in keyof BatchQueueOptions]-?: K extends Unset
    ? BatchQueueOptions<T, R>[K] | undefined
    : NonNullable<BatchQueueOptions<T, R>[K]>;
} & {
  /** Maximum size of a batch: `maxBatchSize`, unless tasks are split. */
  readonly maxExecutionBatchSize: number;
};

/** The options that may be absent. */
type Unset = "splitting" | "joins" | "onEvent" | "onBatchStart";

const DEFAULTS: Omit<ResolvedBatchQueueOptions<never, never>, "maxExecutionBatchSize"> = {
  maxBatchSize: 1000,
  batchTimeoutMs: 0,
  timing: "idle-first",
  maxEnqueuedBatches: 10,
  allowedBatchSizes: [],
  priorityLevels: 1,
  expiredError: errors.taskDeadlineExceeded,
  splitting: undefined,
  joins: undefined,
  onEvent: undefined,
  onBatchStart: undefined,
};

/** The names of all options of a queue. */
export const BATCH_QUEUE_OPTIONS = Object.keys(DEFAULTS) as readonly (keyof BatchQueueOptions)[];

/**
 * Fills in the defaults and checks the options. The messages are TF Serving's, if it has one for the problem.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID.
 */
export function resolveBatchQueueOptions<T, R>(
  options: BatchQueueOptions<T, R>,
): ResolvedBatchQueueOptions<T, R> {
  const { splitting, maxBatchSize = DEFAULTS.maxBatchSize } = options;
  const maxExecutionBatchSize = splitting?.maxExecutionBatchSize ?? maxBatchSize;
  const resolved = { ...DEFAULTS, maxExecutionBatchSize } as Record<string, unknown>;
  for (const name of BATCH_QUEUE_OPTIONS) {
    if (options[name] !== undefined) resolved[name] = options[name];
  }
  check(resolved as ResolvedBatchQueueOptions<T, R>);
  return resolved as ResolvedBatchQueueOptions<T, R>;
}

/**
 * Returns the smallest allowed size that holds `size`, or `size` itself if the list is empty. The list is ascending,
 * and its last entry is the maximum batch size.
 */
export function padUp(allowedBatchSizes: readonly number[], size: number): number {
  for (const allowed of allowedBatchSizes) if (allowed >= size) return allowed;
  return size;
}

/** Returns the size at which a batch is full; Infinity if tasks are split, because then every task fits. */
export function fullBatchSize<T, R>(options: ResolvedBatchQueueOptions<T, R>): number {
  const { splitting, maxExecutionBatchSize } = options;
  return splitting === undefined ? maxExecutionBatchSize : Number.POSITIVE_INFINITY;
}

function check<T, R>(options: ResolvedBatchQueueOptions<T, R>): void {
  positiveInteger("max_batch_size", options.maxBatchSize);
  positiveInteger("max_execution_batch_size", options.maxExecutionBatchSize);
  positiveInteger("max_enqueued_batches", options.maxEnqueuedBatches);
  positiveInteger("priority_levels", options.priorityLevels);
  const { maxBatchSize, maxExecutionBatchSize, maxEnqueuedBatches, allowedBatchSizes } = options;
  if (!(options.batchTimeoutMs >= 0)) {
    throw errors.invalidOptions(
      `batch_timeout_micros must be non-negative; was ${options.batchTimeoutMs * 1000}`,
    );
  }
  if (maxExecutionBatchSize > maxBatchSize) {
    throw errors.invalidOptions(
      `When enable_large_batch_splitting is true, max_batch_size must be greater than or equal to max_execution_batch_size; got ${maxBatchSize} and ${maxExecutionBatchSize}`,
    );
  }
  if (maxBatchSize > maxEnqueuedBatches * maxExecutionBatchSize) {
    throw errors.invalidOptions(
      `max_batch_size must fit into the queue, max_enqueued_batches times max_execution_batch_size; got ${maxBatchSize} > ${maxEnqueuedBatches} * ${maxExecutionBatchSize}`,
    );
  }
  let previous = 0;
  for (const size of allowedBatchSizes) {
    positiveInteger("entries in allowed_batch_sizes", size);
    if (size <= previous) {
      throw errors.invalidOptions("allowed_batch_sizes entries must be monotonically increasing");
    }
    previous = size;
  }
  if (allowedBatchSizes.length > 0 && previous !== maxExecutionBatchSize) {
    const name = options.splitting ? "max_execution_batch_size" : "max_batch_size";
    throw errors.invalidOptions(
      `Last entry in allowed_batch_sizes must match ${name}; last entry was ${previous}; expected ${maxExecutionBatchSize}`,
    );
  }
}

function positiveInteger(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw errors.invalidOptions(`${name} must be positive; was ${value}`);
  }
}
