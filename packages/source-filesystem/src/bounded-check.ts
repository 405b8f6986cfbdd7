import type { Clock } from "@serving-kit/core";
import { errors } from "./errors.js";

/**
 * Asks a platform's rule about paths without being held up by it.
 *
 * Resolves and rejects as the rule does; rejects with DEADLINE_EXCEEDED / CHECK_TIMED_OUT after
 * `timeoutMs`, and then at once until the rule has answered about that path after all.
 */
export class BoundedCheck {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #unanswered = new Set<string>();

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  async ask(rule: (path: string) => Promise<boolean>, path: string): Promise<boolean> {
    if (this.#unanswered.has(path)) throw errors.checkTimedOut(path, this.#timeoutMs);
    let timer: Disposable | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = this.#clock.setTimeout(() => {
        reject(errors.checkTimedOut(path, this.#timeoutMs));
      }, this.#timeoutMs);
    });
    this.#unanswered.add(path);
    const answer = (async () => rule(path))().finally(() => this.#unanswered.delete(path));
    try {
      return await Promise.race([answer, timeout]);
    } finally {
      timer?.[Symbol.dispose]();
    }
  }
}
