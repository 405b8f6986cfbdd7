import type { BatchEvent, StartedBatch, TaskRejection } from "./batch-event.js";
import type { BatchQueueStats } from "./batch-queue-stats.js";
import { DurationHistogram } from "./duration-histogram.js";

type Held = Pick<
  BatchQueueStats,
  "numEnqueuedTasks" | "enqueuedSize" | "numRunningBatches" | "numRunningTasks"
>;

/** Counts what a queue does and emits it as events. */
export class BatchQueueRecorder {
  /** Receives each event. */
  onEvent: ((event: BatchEvent) => void) | undefined;
  /** Receives each batch that starts. */
  onBatchStart: ((batch: StartedBatch) => void) | undefined;
  succeeded = 0;
  failed = 0;
  readonly #rejections: Record<TaskRejection, number> = {
    aborted: 0,
    expired: 0,
    "queue-full": 0,
    "task-too-large": 0,
    "queue-closed": 0,
  };
  #batches = 0;
  #batchedSize = 0;
  #paddingSize = 0;
  #batchSizes = new Float64Array(64);
  readonly #queueMs = new DurationHistogram();
  readonly #runMs = new DurationHistogram();

  batchStarted(batch: StartedBatch): void {
    const { size, paddedSize, startedAtMs, entries } = batch;
    this.#batches++;
    this.#batchedSize += size;
    this.#paddingSize += paddedSize - size;
    if (size >= this.#batchSizes.length) {
      const wider = new Float64Array(2 * size);
      wider.set(this.#batchSizes);
      this.#batchSizes = wider;
    }
    this.#batchSizes[size] = (this.#batchSizes[size] as number) + 1;
    for (const { enqueuedAtMs } of entries) this.#queueMs.record(startedAtMs - enqueuedAtMs);
    this.onBatchStart?.(batch);
  }

  /** Records that a batch ended at a time, with the error if it failed as a whole. */
  batchEnded(batch: StartedBatch, atMs: number, failure: { error: unknown } | undefined): void {
    const { startedAtMs, entries, size, paddedSize } = batch;
    const runMs = atMs - startedAtMs;
    this.#runMs.record(runMs);
    if (this.onEvent === undefined) return;
    const queueMs = startedAtMs - (entries[0]?.enqueuedAtMs ?? startedAtMs);
    const tasks = entries.length;
    this.onEvent({ kind: "batch", tasks, size, paddedSize, queueMs, runMs, ...failure, atMs });
  }

  countRejection(because: TaskRejection, size: number, atMs: number): void {
    this.#rejections[because]++;
    this.onEvent?.({ kind: "task-rejected", because, size, atMs });
  }

  snapshot(held: Held): BatchQueueStats {
    const rejections = this.#rejections;
    return {
      ...held,
      succeeded: this.succeeded,
      failed: this.failed,
      aborted: rejections.aborted,
      expired: rejections.expired,
      rejected: {
        queueFull: rejections["queue-full"],
        taskTooLarge: rejections["task-too-large"],
        queueClosed: rejections["queue-closed"],
      },
      batches: this.#batches,
      batchedSize: this.#batchedSize,
      paddingSize: this.#paddingSize,
      batchSizes: [...this.#batchSizes]
        .map((count, size) => ({ size, count }))
        .filter(({ count }) => count > 0),
      queueMs: this.#queueMs.summary(),
      runMs: this.#runMs.summary(),
    };
  }
}
