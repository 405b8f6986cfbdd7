import type { Clock } from "@serving-kit/core";
import { errors } from "./errors.js";

/**
 * Calls a platform's rule about paths, with a timeout.
 *
 * Settles as the rule does, or rejects with DEADLINE_EXCEEDED / CHECK_TIMED_OUT after `timeoutMs`. After a timeout,
 * further calls for the same path reject immediately until the rule has settled.
 */
export class BoundedCheck {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #unanswered = new Set<string>();
  readonly #timers = new Set<Disposable>();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  ask<T>(rule: (path: string) => Promise<T>, path: string): Promise<T> {
    const timedOut = () => errors.checkTimedOut(path, this.#timeoutMs);
    if (this.#unanswered.has(path)) return Promise.reject(timedOut());
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => {
        this.#timers.delete(timer);
        this.#unanswered.add(path);
        reject(timedOut());
      }, this.#timeoutMs);
      this.#timers.add(timer);
      const ask = async () => rule(path);
      ask()
        .finally(() => {
          timer[Symbol.dispose]();
          this.#timers.delete(timer);
          this.#unanswered.delete(path);
        })
        .then(resolve, reject);
    });
  }

  /** Disposes the timers. Pending calls settle only if the rule does. */
  close(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }
}
