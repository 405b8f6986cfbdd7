import { type BatchTask, RUNNING, SETTLED } from "./batch-task.js";
import type { Batch } from "./form-batch.js";

/** The running batches of a queue. */
export class RunningBatches<T, R> {
  count = 0;
  /** The tasks in them that have not settled; a split task counts when its last part runs. */
  numTasks = 0;
  #aloneAtMs = Number.POSITIVE_INFINITY;
  // Not a Set: its outgrown tables point to newer ones and, once in old space, keep young garbage alive.
  readonly #awaited: Batch<T, R>[] = [];

  /** The batches whose results come later, in any order. */
  get awaited(): readonly Batch<T, R>[] {
    return this.#awaited;
  }

  /** The time at which the oldest of them started; Infinity if none runs. */
  get oldestAtMs(): number {
    let oldest = this.#aloneAtMs;
    for (const { startedAtMs } of this.#awaited) oldest = Math.min(oldest, startedAtMs);
    return oldest;
  }

  start(batch: Batch<T, R>): void {
    this.count++;
    for (const entry of batch.entries) {
      if ((entry.parent ?? entry).state === RUNNING) this.numTasks++;
    }
  }

  /** Counts a task that its caller runs. */
  startAlone(nowMs: number): void {
    this.#aloneAtMs = nowMs;
    this.count++;
    this.numTasks++;
  }

  endAlone(): void {
    this.#aloneAtMs = Number.POSITIVE_INFINITY;
    this.count--;
    this.numTasks--;
  }

  /** Keeps a batch whose results come later, so that its tasks can expire meanwhile. */
  await(batch: Batch<T, R>): void {
    batch.runningIndex = this.#awaited.push(batch) - 1;
  }

  end(batch: Batch<T, R>): void {
    this.count--;
    const index = batch.runningIndex;
    if (index < 0) return;
    // The last batch replaces it.
    const last = this.#awaited.pop() as Batch<T, R>;
    if (last === batch) return;
    this.#awaited[index] = last;
    last.runningIndex = index;
  }

  /** The tasks that have not settled, including those of which a part runs; some occur more than once. */
  *tasks(): Generator<BatchTask<T, R>> {
    for (const { entries } of this.#awaited) {
      for (const entry of entries) {
        const task = entry.parent ?? entry;
        if (task.state !== SETTLED) yield task;
      }
    }
  }
}
