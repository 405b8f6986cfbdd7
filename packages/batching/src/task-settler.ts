import { unwatch } from "@serving-kit/core";
import type { TaskSplitting } from "./batch-queue-options.js";
import type { BatchQueueRecorder } from "./batch-queue-recorder.js";
import { type BatchTask, RUNNING, SETTLED, WAITING } from "./batch-task.js";
import { errors } from "./errors.js";
import type { Batch } from "./form-batch.js";
import type { RunningBatches } from "./running-batches.js";
import type { TaskLevels } from "./task-levels.js";

/** The error that a batch failed with. */
export interface BatchFailure {
  readonly error: unknown;
}

/** Settles the tasks of a queue, and counts them. */
export class TaskSettler<T, R> {
  readonly #waiting: TaskLevels<T, R>;
  readonly #running: RunningBatches<T, R>;
  readonly #recorder: BatchQueueRecorder;
  readonly #onNoneWaiting: () => void;

  /** @param onNoneWaiting Called when the last waiting task was rejected. */
  constructor(
    waiting: TaskLevels<T, R>,
    running: RunningBatches<T, R>,
    recorder: BatchQueueRecorder,
    onNoneWaiting: () => void,
  ) {
    this.#waiting = waiting;
    this.#running = running;
    this.#recorder = recorder;
    this.#onNoneWaiting = onNoneWaiting;
  }

  /** Settles the tasks of a batch with its results, or with the error that it failed with. Returns that error. */
  settle(
    { entries }: Batch<T, R>,
    results: unknown,
    failed: BatchFailure | undefined,
    splitting: TaskSplitting<T, R> | undefined,
  ): BatchFailure | undefined {
    if (!Array.isArray(results) || results.length !== entries.length) {
      const failure = failed ?? { error: errors.batchResultLength(entries.length, results) };
      for (const entry of entries) this.#failEntry(entry, failure.error);
      return failure;
    }
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as BatchTask<T, R>;
      const result = results[i] as R | Error;
      if (result instanceof Error) this.#failEntry(entry, result);
      else if (entry.parent === null) this.#succeed(entry, result);
      else this.#endPart(entry, entry.parent, result, splitting as TaskSplitting<T, R>);
    }
    return failed;
  }

  /** Rejects a task, and counts it as failed. */
  fail(task: BatchTask<T, R>, error: unknown): void {
    this.#recorder.failed++;
    this.reject(task, error);
  }

  /** Rejects a task that waits or runs. */
  reject(task: BatchTask<T, R>, error: unknown): void {
    if (task.state === WAITING) {
      this.#waiting.remove(task);
      if (this.#waiting.count === 0) this.#onNoneWaiting();
    } else this.#running.numTasks--;
    task.state = SETTLED;
    if (task.signal !== undefined) unwatch(task.signal, task);
    task.reject(error);
  }

  #endPart(
    part: BatchTask<T, R>,
    parent: BatchTask<T, R>,
    result: R,
    splitting: TaskSplitting<T, R>,
  ): void {
    const results = parent.parts?.end(part, result);
    if (results === undefined || parent.state !== RUNNING) return;
    try {
      this.#succeed(parent, splitting.merge(results));
    } catch (error) {
      this.fail(parent, error);
    }
  }

  #failEntry(entry: BatchTask<T, R>, error: unknown): void {
    const task = entry.parent ?? entry;
    if (task.state !== SETTLED) this.fail(task, error);
  }

  #succeed(task: BatchTask<T, R>, result: R): void {
    if (task.state !== RUNNING) return;
    task.state = SETTLED;
    this.#running.numTasks--;
    this.#recorder.succeeded++;
    if (task.signal !== undefined) unwatch(task.signal, task);
    task.resolve(result);
  }
}
