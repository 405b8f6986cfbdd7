import type { Clock } from "@serving-kit/core";

/** Time in ms to start batches before yielding to the event loop. */
const TURN_BUDGET_MS = 1;

/** A queue as the pool sees it: a member of the ring while tasks wait in it. */
export interface PooledQueue {
  nextInRing: PooledQueue | null;
  previousInRing: PooledQueue | null;
  /** True if a full batch waits. */
  readonly isFull: boolean;
  /** Returns whether a batch may start now. If only time is missing, the queue sets its timer. */
  isReady(nowMs: number): boolean;
  /** Starts a batch and returns the time at which it had started. Holds a slot while the batch runs. */
  start(nowMs: number): number;
}

/**
 * Assigns slots to queues, in turn.
 *
 * Tasks scheduled in one turn of the event loop are batched in its check phase (`setImmediate`), so that the requests
 * of all sockets that became readable in one turn meet. When a batch ends, the next one starts immediately if it is
 * full. If not, it is formed later, so that the callers that just got their results can schedule again.
 */
export class SlotPool {
  slots: number;
  running = 0;
  /** The number of batches that have started. */
  starts = 0;
  readonly #clock: Clock;
  /** The queue whose turn it is: a member of the ring of all queues with waiting tasks. */
  #cursor: PooledQueue | null = null;
  #numQueues = 0;
  #turn: Disposable | null = null;
  readonly #onTurn = () => {
    this.#turn = null;
    this.#turnBeganAtMs = this.#clock.now();
    this.startBatches(this.#turnBeganAtMs);
  };
  #turnBeganAtMs = Number.NEGATIVE_INFINITY;
  #isStarting = false;

  constructor(slots: number, clock: Clock) {
    this.slots = slots;
    this.#clock = clock;
  }

  /** Adds a queue to the ring, at the end of the round. */
  enter(queue: PooledQueue): void {
    const next = this.#cursor ?? queue;
    const previous = next.previousInRing ?? queue;
    queue.nextInRing = next;
    queue.previousInRing = previous;
    previous.nextInRing = queue;
    next.previousInRing = queue;
    this.#cursor = next;
    this.#numQueues++;
  }

  leave(queue: PooledQueue): void {
    const { nextInRing: next, previousInRing: previous } = queue;
    if (next === null || previous === null) return;
    previous.nextInRing = next;
    next.previousInRing = previous;
    if (this.#cursor === queue) this.#cursor = next === queue ? null : next;
    queue.nextInRing = null;
    queue.previousInRing = null;
    this.#numQueues--;
    if (this.#numQueues === 0) this.#dropTurn();
  }

  /** Requests that batches are started in the next check phase of the event loop. */
  request(): void {
    if (this.#turn !== null || this.running >= this.slots) return;
    this.#turn = this.#clock.setImmediate(this.#onTurn);
  }

  /** Same as `request`, if a task waits. */
  requestIfWaiting(): void {
    if (this.#cursor !== null) this.request();
  }

  /** Takes a slot for a batch that starts. */
  take(): void {
    this.running++;
    this.starts++;
  }

  /** Releases a slot. */
  release(nowMs: number): void {
    this.running--;
    if (this.#cursor === null || this.#isStarting) return;
    const isTurnOver = nowMs - this.#turnBeganAtMs >= TURN_BUDGET_MS;
    if (this.#cursor.isFull && !isTurnOver) this.startBatches(nowMs);
    else this.request();
  }

  /** Starts all batches that can start. */
  startBatches(nowMs: number): void {
    if (this.#isStarting) return;
    const endMs = nowMs + TURN_BUDGET_MS;
    let now = nowMs;
    let isTurnOver = false;
    this.#isStarting = true;
    try {
      while (this.running < this.slots && !isTurnOver) {
        const queue = this.#nextReady(now);
        if (queue === null) break;
        now = queue.start(now);
        isTurnOver = now >= endMs;
      }
    } finally {
      this.#isStarting = false;
    }
    if (isTurnOver) this.requestIfWaiting();
  }

  #nextReady(nowMs: number): PooledQueue | null {
    for (let left = this.#numQueues; left > 0; left--) {
      const queue = this.#cursor;
      if (queue === null) return null;
      // Advance first, because a queue leaves the ring if all its tasks turn out to have expired.
      this.#cursor = queue.nextInRing;
      if (queue.isReady(nowMs)) return queue;
    }
    return null;
  }

  #dropTurn(): void {
    this.#turn?.[Symbol.dispose]();
    this.#turn = null;
  }
}
