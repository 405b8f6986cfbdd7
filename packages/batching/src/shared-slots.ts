import { availableParallelism } from "node:os";
import { type Clock, systemClock } from "@serving-kit/core";
import type { BatchQueue } from "./batch-queue.js";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction, BatchScheduler } from "./batch-scheduler.js";
import { PooledBatchQueue } from "./pooled-batch-queue.js";
import { SlotPool } from "./slot-pool.js";

/** Options of `SharedSlots`. */
export interface SharedSlotsOptions {
  /**
   * Maximum number of batches that run at a time, over all queues (TF Serving's `num_batch_threads`). An integer >= 1.
   * Default `os.availableParallelism()`.
   */
  readonly slots?: number | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * The slots that batches run in, shared by many queues. There is one queue for each kind of task that can be batched
 * together, such as one for each version of each model.
 *
 * Free slots go to the queues in turn, one batch at a time, so that a flooded queue delays each other queue by at most
 * one batch of every other queue. Queues can be added and closed while others run.
 *
 * ```ts
 * const slots = new SharedSlots({ slots: 2 });
 * const squares = slots.addQueue((numbers: readonly number[]) => numbers.map((n) => n * n));
 * await squares.schedule(3); // 9
 * ```
 */
export class SharedSlots implements AsyncDisposable {
  readonly #pool: SlotPool;
  readonly #clock: Clock;
  readonly #queues = new Set<Pick<BatchScheduler<never, never>, "close">>();

  /** Throws RangeError if `slots` is not an integer >= 1. */
  constructor({ slots = availableParallelism(), clock = systemClock }: SharedSlotsOptions = {}) {
    this.#clock = clock;
    this.#pool = new SlotPool(checkedSlots(slots), clock);
  }

  /** Maximum number of batches that run at a time. Can be set while batches run; running batches finish. */
  get slots(): number {
    return this.#pool.slots;
  }

  set slots(slots: number) {
    this.#pool.slots = checkedSlots(slots);
    this.#pool.requestIfWaiting();
  }

  /** The number of batches that run now. */
  get numRunningBatches(): number {
    return this.#pool.running;
  }

  /**
   * Adds a queue. Closing the queue removes it after its queued tasks have run.
   *
   * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID.
   */
  addQueue<T, R>(
    run: BatchFunction<T, R>,
    options: BatchQueueOptions<T, R> = {},
  ): BatchQueue<T, R> {
    const queue = new PooledBatchQueue(run, options, this.#pool, this.#clock, (closed) => {
      this.#queues.delete(closed);
    });
    this.#queues.add(queue);
    return queue;
  }

  /** Closes all queues, as `BatchScheduler.close` says. Queues can still be added afterwards. */
  async close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await Promise.all([...this.#queues].map((queue) => queue.close(options)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkedSlots(slots: number): number {
  if (Number.isSafeInteger(slots) && slots >= 1) return slots;
  throw new RangeError(`slots must be an integer >= 1; got ${slots}`);
}
