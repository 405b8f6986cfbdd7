import type { BatchQueueStats } from "./batch-queue-stats.js";
import { DurationHistogram } from "./duration-histogram.js";

type Held = Pick<
  BatchQueueStats,
  "numEnqueuedTasks" | "enqueuedSize" | "numRunningBatches" | "numRunningTasks"
>;

/** Counts what a queue does. */
export class BatchQueueCounters {
  succeeded = 0;
  failed = 0;
  aborted = 0;
  expired = 0;
  queueFull = 0;
  taskTooLarge = 0;
  queueClosed = 0;
  #batches = 0;
  #batchedSize = 0;
  #paddingSize = 0;
  #batchSizes = new Float64Array(64);
  readonly queueMs = new DurationHistogram();
  readonly runMs = new DurationHistogram();

  batchStarted(size: number, paddedSize: number): void {
    this.#batches++;
    this.#batchedSize += size;
    this.#paddingSize += paddedSize - size;
    if (size >= this.#batchSizes.length) {
      const wider = new Float64Array(2 * size);
      wider.set(this.#batchSizes);
      this.#batchSizes = wider;
    }
    this.#batchSizes[size] = (this.#batchSizes[size] as number) + 1;
  }

  snapshot(held: Held): BatchQueueStats {
    const { succeeded, failed, aborted, expired, queueFull, taskTooLarge, queueClosed } = this;
    return {
      ...held,
      succeeded,
      failed,
      aborted,
      expired,
      rejected: { queueFull, taskTooLarge, queueClosed },
      batches: this.#batches,
      batchedSize: this.#batchedSize,
      paddingSize: this.#paddingSize,
      batchSizes: [...this.#batchSizes]
        .map((count, size) => ({ size, count }))
        .filter(({ count }) => count > 0),
      queueMs: this.queueMs.summary(),
      runMs: this.runMs.summary(),
    };
  }
}
