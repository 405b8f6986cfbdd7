import type { Clock } from "@serving-kit/core";
import type { Refusal } from "../refusal.js";
import type { MemoryBudget } from "./memory-budget.js";
import type { LimitSettings } from "./server-limits.js";

/** A response that is not sent yet, or a stream. */
export interface WatchedAnswer {
  /** The bytes that the client has not received yet; 0 while a stream has nothing to send. */
  waitingBytes(): number;
  /** A number that changes whenever bytes were sent; NaN while the client has nothing to do. */
  progress(): number;
  /** Closes the connection; over HTTP/2, the stream. */
  cut(): void;
}

interface Seen {
  progress: number;
  sinceMs: number;
}

/** Maximum interval in ms between checks of responses. */
const INTERVAL_MS = 1_000;

/** Time in ms that a response may stall while memory is scarce. */
const SCARCE_MS = 5_000;

/** Closes responses that make no progress, and idle streams. Small responses are sent immediately and never watched. */
export class AnswerWatch implements Disposable {
  readonly #limits: Pick<LimitSettings, "stalledAnswerTimeoutMs" | "idleStreamTimeoutMs">;
  readonly #budget: Pick<MemoryBudget, "isScarce">;
  readonly #clock: Clock;
  readonly #refused: (kind: Refusal) => void;
  /** The state at the last check; undefined before the first one: most responses are sent before. */
  readonly #watched = new Map<WatchedAnswer, Seen | undefined>();
  #timer: Disposable | undefined;

  constructor(
    limits: Pick<LimitSettings, "stalledAnswerTimeoutMs" | "idleStreamTimeoutMs">,
    host: {
      readonly budget: Pick<MemoryBudget, "isScarce">;
      readonly clock: Clock;
      readonly refused: (kind: Refusal) => void;
    },
  ) {
    this.#limits = limits;
    this.#budget = host.budget;
    this.#clock = host.clock;
    this.#refused = host.refused;
  }

  /** Watches a response until `forget`. */
  watch(answer: WatchedAnswer): void {
    this.#watched.set(answer, undefined);
    this.#timer ??= this.#next();
  }

  /** The response was sent, or its client has disconnected. */
  forget(answer: WatchedAnswer): void {
    this.#watched.delete(answer); // The timer ends by itself: most responses are sent long before it fires.
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #next(): Disposable {
    const { stalledAnswerTimeoutMs, idleStreamTimeoutMs } = this.#limits;
    return this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#check();
        if (this.#watched.size > 0) this.#timer ??= this.#next();
      },
      Math.min(INTERVAL_MS, stalledAnswerTimeoutMs, idleStreamTimeoutMs),
    );
  }

  #check(): void {
    const now = this.#clock.now();
    const { stalledAnswerTimeoutMs, idleStreamTimeoutMs } = this.#limits;
    const stalledMs = this.#budget.isScarce
      ? Math.min(SCARCE_MS, stalledAnswerTimeoutMs)
      : stalledAnswerTimeoutMs;
    for (const [answer, seen] of [...this.#watched]) {
      const progress = answer.progress();
      if (progress !== seen?.progress) {
        this.#watched.set(answer, { progress, sinceMs: now });
        continue;
      }
      const isWaiting = answer.waitingBytes() > 0;
      if (now - seen.sinceMs < (isWaiting ? stalledMs : idleStreamTimeoutMs)) continue;
      this.#refused(isWaiting ? "stalled_answer" : "idle_stream");
      this.forget(answer);
      answer.cut();
    }
  }
}
