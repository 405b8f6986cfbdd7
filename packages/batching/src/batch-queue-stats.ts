/**
 * Counts of a queue since it was made, and its current content. A snapshot: plain data that you can keep or send as
 * JSON.
 *
 * Every task that was passed to `schedule` is counted in exactly one of `numEnqueuedTasks`, `numRunningTasks`,
 * `succeeded`, `failed`, `aborted`, `expired` and the three `rejected`.
 */
export interface BatchQueueStats {
  /** Waiting tasks, and the sum of their sizes. */
  readonly numEnqueuedTasks: number;
  readonly enqueuedSize: number;
  /** Batches in flight now, and the tasks in them that have not settled. */
  readonly numRunningBatches: number;
  readonly numRunningTasks: number;
  /** Tasks that returned a result. */
  readonly succeeded: number;
  /** Tasks whose batch failed, or whose result was an Error. */
  readonly failed: number;
  /** Tasks whose signal aborted. */
  readonly aborted: number;
  /** Tasks whose deadline passed. */
  readonly expired: number;
  /** Tasks that were rejected, by reason. */
  readonly rejected: {
    readonly queueFull: number;
    readonly taskTooLarge: number;
    readonly queueClosed: number;
  };
  /** Batches that have started. */
  readonly batches: number;
  /** The sum of the sizes of all batches that have started. */
  readonly batchedSize: number;
  /** The sum of the padding of all batches; `paddingSize / (batchedSize + paddingSize)` is the waste. */
  readonly paddingSize: number;
  /** Number of batches of each size (before padding), by ascending size. */
  readonly batchSizes: readonly { readonly size: number; readonly count: number }[];
  /** Time that tasks waited in the queue until their batch started, in milliseconds. */
  readonly queueMs: DurationSummary;
  /** Run time of batches, in milliseconds. */
  readonly runMs: DurationSummary;
}

/** A distribution of durations in milliseconds; all zero until something is recorded. */
export interface DurationSummary {
  readonly count: number;
  readonly mean: number;
  /** Percentiles, at most 12.5 % above the exact value. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The exact maximum. */
  readonly max: number;
}
