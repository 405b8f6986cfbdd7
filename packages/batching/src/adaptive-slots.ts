import { availableParallelism } from "node:os";
import type { Clock } from "@serving-kit/core";
import { type AdaptiveLimit, nextLimit, startLimit } from "./adaptive-limit.js";
import type { BatchEvent } from "./batch-event.js";
import type { BatchQueue } from "./batch-queue.js";
import type { BatchQueueOptions } from "./batch-queue-options.js";
import type { BatchFunction } from "./batch-scheduler.js";
import { SharedSlots } from "./shared-slots.js";

/** Options of `AdaptiveSlots`: the range and the pace of the search. */
export interface AdaptiveSlotsOptions {
  /** Minimum number of batches in flight. Default 1. */
  readonly minSlots?: number | undefined;
  /** Maximum number of batches in flight. Default `os.availableParallelism()`. */
  readonly maxSlots?: number | undefined;
  /** Initial number of batches in flight. Default 3, or `maxSlots` if that is less. */
  readonly initialSlots?: number | undefined;
  /** Number of batches after which the limit is adjusted. Default 1000. */
  readonly batchesToAverageOver?: number | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/**
 * SharedSlots that tune their number for the lowest latency. Too few slots leave cores idle; with too many, batches
 * wait for each other instead of growing.
 *
 * After every `batchesToAverageOver` batches, it compares the average latency (from the arrival of the oldest task to
 * the end of the batch) with the previous round's, and adjusts the number of slots.
 */
export class AdaptiveSlots implements AsyncDisposable {
  readonly #shared: SharedSlots;
  readonly #min: number;
  readonly #max: number;
  readonly #batchesToAverageOver: number;
  #state: AdaptiveLimit;
  /** The fractional slot that is carried to the next round. */
  #carry = 0;
  #batches = 0;
  #latencyMs = 0;

  /** Throws RangeError unless 1 <= minSlots <= initialSlots <= maxSlots, all integers. */
  constructor(options: AdaptiveSlotsOptions = {}) {
    const {
      minSlots = 1,
      maxSlots = availableParallelism(),
      batchesToAverageOver = 1000,
    } = options;
    const initialSlots = options.initialSlots ?? Math.min(Math.max(3, minSlots), maxSlots);
    const isInOrder = 1 <= minSlots && minSlots <= initialSlots && initialSlots <= maxSlots;
    if (!isInOrder || ![minSlots, maxSlots, initialSlots].every(Number.isSafeInteger)) {
      throw new RangeError(
        `slots must be integers with 1 <= minSlots <= initialSlots <= maxSlots; got ${minSlots}, ${initialSlots}, ${maxSlots}`,
      );
    }
    if (!(Number.isSafeInteger(batchesToAverageOver) && batchesToAverageOver >= 1)) {
      throw new RangeError(
        `batchesToAverageOver must be an integer >= 1; got ${batchesToAverageOver}`,
      );
    }
    this.#min = minSlots;
    this.#max = maxSlots;
    this.#batchesToAverageOver = batchesToAverageOver;
    this.#state = startLimit(initialSlots);
    const { clock } = options;
    this.#shared = new SharedSlots({ slots: initialSlots, ...(clock && { clock }) });
  }

  /** The current estimate of the best number of batches in flight; it need not be an integer. */
  get inFlightBatchesLimit(): number {
    return this.#state.limit;
  }

  /** The number of batches that run now. */
  get numRunningBatches(): number {
    return this.#shared.numRunningBatches;
  }

  /** See `SharedSlots.addQueue`. */
  addQueue<T, R>(
    run: BatchFunction<T, R>,
    options: BatchQueueOptions<T, R> = {},
  ): BatchQueue<T, R> {
    return this.#shared.addQueue(run, {
      ...options,
      onEvent: (event) => {
        if (event.kind === "batch") this.#learn(event);
        options.onEvent?.(event);
      },
    });
  }

  /** See `SharedSlots.close`. */
  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#shared.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #learn({ queueMs, runMs }: Extract<BatchEvent, { kind: "batch" }>): void {
    this.#latencyMs += queueMs + runMs;
    if (++this.#batches === this.#batchesToAverageOver) {
      const averageMs = this.#latencyMs / this.#batches;
      this.#state = nextLimit(this.#state, averageMs, this.#min, this.#max);
      this.#batches = 0;
      this.#latencyMs = 0;
    }
    // The fraction becomes one more slot for that fraction of the time.
    const wanted = this.#state.limit + this.#carry;
    const slots = Math.min(Math.floor(wanted), this.#max);
    this.#carry = Math.min(wanted - slots, 1);
    if (slots !== this.#shared.slots) this.#shared.slots = slots;
  }
}
