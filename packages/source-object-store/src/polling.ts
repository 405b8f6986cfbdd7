import type { Clock } from "@serving-kit/core";
import type { BasePathObserver } from "./base-path-observer.js";

/** Maximum jitter of an interval, as a fraction of it. */
const JITTER = 0.1;

/**
 * Triggers the checks of an observer: at the start, at intervals with jitter, when a version is due, and on request.
 */
export class Polling implements Disposable {
  readonly observer: BasePathObserver;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #stop = new AbortController();
  #timer: Disposable | undefined;
  #nextPollMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  /** The check after the running one, which may have missed the change that the caller waits for. */
  #next: { readonly promise: Promise<void>; isThorough: boolean } | undefined;

  /** @param intervalMs 0 polls once. */
  constructor(observer: BasePathObserver, clock: Clock, intervalMs: number) {
    this.observer = observer;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Starts the first check, unless it has started. */
  async start(): Promise<void> {
    if (this.#running === undefined && this.#nextPollMs === Number.POSITIVE_INFINITY) {
      await this.poll(false);
    }
  }

  /** Checks now, or again after the running check. Resolves when that check has ended. */
  poll(isThorough: boolean): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    if (this.#running === undefined) {
      this.#running = this.#look(isThorough);
      return this.#running;
    }
    if (this.#next !== undefined) {
      this.#next.isThorough ||= isThorough;
      return this.#next.promise;
    }
    const promise = this.#running.then(() => {
      const { isThorough: all = false } = this.#next ?? {};
      this.#next = undefined;
      return this.poll(all);
    });
    this.#next = { promise, isThorough };
    return promise;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#stop.abort();
  }

  async #look(isThorough: boolean): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    const startMs = this.#clock.now();
    if (
      isThorough ||
      startMs >= this.#nextPollMs ||
      this.#nextPollMs === Number.POSITIVE_INFINITY
    ) {
      const spread = 1 + JITTER * (2 * Math.random() - 1);
      this.#nextPollMs = startMs + this.#intervalMs * spread;
    }
    await this.observer.look(isThorough, this.#stop.signal);
    this.#running = undefined;
    if (!this.#stop.signal.aborted) this.#schedule();
  }

  #schedule(): void {
    const nowMs = this.#clock.now();
    const pollInMs = this.#intervalMs > 0 ? this.#nextPollMs - nowMs : Number.POSITIVE_INFINITY;
    const inMs = Math.min(pollInMs, this.observer.dueInMs ?? Number.POSITIVE_INFINITY);
    if (inMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimeout(() => void this.poll(false), Math.max(1, inMs));
  }
}
