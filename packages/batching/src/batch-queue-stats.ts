/**
 * What a queue has done since it was made, and what it holds now. A snapshot: plain data, safe to
 * keep and to send as JSON.
 *
 * Every task that was ever given to `schedule` is counted in exactly one of `numEnqueuedTasks`,
 * `numRunningTasks`, `succeeded`, `failed`, `aborted`, `expired` and the three `rejected`.
 */
export interface BatchQueueStats {
  /** Tasks that wait, and the sum of their sizes. */
  readonly numEnqueuedTasks: number;
  readonly enqueuedSize: number;
  /** Batches in flight now, and the tasks in them that have not settled. */
  readonly numRunningBatches: number;
  readonly numRunningTasks: number;
  /** Tasks that gave a result. */
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
  /** Batches that were started. */
  readonly batches: number;
  /** The sum of the sizes of all batches that were started. */
  readonly batchedSize: number;
  /** The sum of what all batches were padded by; `paddingSize / (batchedSize + paddingSize)` is the waste. */
  readonly paddingSize: number;
  /** How many batches had each size (before padding), by rising size. */
  readonly batchSizes: readonly { readonly size: number; readonly count: number }[];
  /** How long tasks waited in the queue until their batch started, in milliseconds. */
  readonly queueMs: DurationSummary;
  /** How long batches ran, in milliseconds. */
  readonly runMs: DurationSummary;
}

/** A distribution of durations in milliseconds; all zero while nothing was recorded. */
export interface DurationSummary {
  readonly count: number;
  readonly mean: number;
  /** Percentiles, at most 12.5 % above the exact value. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The exact greatest. */
  readonly max: number;
}
