import type { Clock } from "./clock.js";
import { errors } from "./errors.js";

/** Options for a wait for a servable. */
export interface WaitOptions {
  /** Timeout in ms, after which the wait rejects with WAIT_TIMED_OUT (DEADLINE_EXCEEDED). Default `Infinity`: none. */
  readonly timeoutMs?: number | undefined;
  /** Rejects with the signal's reason when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** The condition of a wait. Internal. */
export interface Condition<T> {
  /** The condition in words, for the timeout message. */
  readonly what: string;
  /** Returns undefined while the wait continues; throws to stop it. */
  look(): T | undefined;
  /** Calls back after every change that may affect the condition, until disposed; never synchronously. */
  onChange(again: () => void): Disposable;
  /** The current state in words, for the timeout message. */
  describe(): string;
}

/** Waits for a condition: checks it immediately, and again after every change. Internal. */
export function waitUntil<T>(
  condition: Condition<T>,
  { timeoutMs, signal }: WaitOptions,
  clock: Clock,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const first = condition.look();
    if (first !== undefined) return resolve(first);

    let changes: Disposable | undefined;
    let timer: Disposable | undefined;
    const end = () => {
      changes?.[Symbol.dispose]();
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    changes = condition.onChange(() => {
      try {
        const value = condition.look();
        if (value === undefined) return;
        end();
        resolve(value);
      } catch (error) {
        fail(error);
      }
    });
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      timer = clock.setTimeout(
        () => fail(errors.waitTimedOut(condition.what, timeoutMs, condition.describe())),
        timeoutMs,
      );
    }
    signal?.addEventListener("abort", abort);
  });
}
