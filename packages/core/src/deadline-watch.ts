import type { Clock } from "./clock.js";

/** A task that a deadline ends. */
export interface Expirable {
  /** The deadline, on the clock. */
  readonly atMs: number;
  expire(): void;
}

/**
 * The deadlines on one clock, which share one timer. Internal.
 *
 * Nearly all calls end long before their deadline, so a timer for each call would be most of the cost of a deadline.
 * The timer is set for the earliest deadline and is not moved when that call ends. It is disposed if a turn of the
 * event loop ends without a call, so that it does not keep the process alive.
 */
export class DeadlineWatch {
  readonly #clock: Clock;
  readonly #pending = new Set<Expirable>();
  #timer: Disposable | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #isTidying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `task.expire()` when the clock reaches its deadline, unless the task is removed first. */
  add(task: Expirable): void {
    this.#pending.add(task);
    if (task.atMs < this.#dueAtMs) this.#wakeAt(task.atMs);
  }

  remove(task: Expirable): void {
    this.#pending.delete(task);
    if (this.#pending.size > 0 || this.#isTidying) return;
    this.#isTidying = true;
    this.#clock.setImmediate(() => {
      this.#isTidying = false;
      if (this.#pending.size === 0) this.#stop();
    });
  }

  #wakeAt(atMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#dueAtMs = atMs;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), atMs - this.#clock.now());
  }

  #wake(): void {
    this.#timer = undefined;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    let earliestAtMs = Number.POSITIVE_INFINITY;
    for (const task of this.#pending) {
      if (task.atMs <= nowMs) task.expire();
      else earliestAtMs = Math.min(earliestAtMs, task.atMs);
    }
    if (earliestAtMs < this.#dueAtMs) this.#wakeAt(earliestAtMs);
  }

  #stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
  }
}

const watches = new WeakMap<Clock, DeadlineWatch>();

/** Returns the deadlines of a clock. Internal. */
export function deadlinesOf(clock: Clock): DeadlineWatch {
  let watch = watches.get(clock);
  if (watch === undefined) {
    watch = new DeadlineWatch(clock);
    watches.set(clock, watch);
  }
  return watch;
}
