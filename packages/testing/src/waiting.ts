import assert from "node:assert/strict";
import { systemClock } from "@serving-kit/core";
import { turn } from "./turn.js";

/** How long a suite waits for one thing to happen, where the options do not say. */
export const DEFAULT_TIMEOUT_MS = 4_000;

/** Gives the outcome of a promise, or fails when it does not settle within a real time. */
export function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} within ${timeoutMs} ms` })),
      timeoutMs,
    );
    promise.then(resolve, reject).finally(() => timer[Symbol.dispose]());
  });
}

/** Lets time pass, by `pass` and by turns of the event loop, until a condition holds; else fails. */
export async function until(
  condition: () => boolean,
  pass: () => void | Promise<void>,
  timeoutMs: number,
  what: () => string,
): Promise<void> {
  const endAtMs = systemClock.now() + timeoutMs;
  while (!condition()) {
    if (systemClock.now() >= endAtMs) assert.fail(`${what()} within ${timeoutMs} ms`);
    await pass();
    await turn();
  }
}

/**
 * Tells whether a promise settles without a turn of the event loop, after at most a hundred
 * microtasks: whether what it stands for was already over.
 */
export async function settlesAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  for (let i = 0; i < 100 && !isSettled; i++) await null;
  return isSettled;
}

/** The reason with which a promise rejects; fails when it resolves or a call throws synchronously. */
export async function rejectionOf(
  call: () => Promise<unknown>,
  timeoutMs: number,
  what: string,
): Promise<unknown> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    return assert.fail(
      `${what}: expected a promise that rejects; it threw synchronously: ${error}`,
    );
  }
  const outcome = await within(
    promise.then(
      () => ({ isResolved: true, reason: undefined }),
      (reason: unknown) => ({ isResolved: false, reason }),
    ),
    timeoutMs,
    `${what}: expected the promise to reject`,
  );
  assert.ok(!outcome.isResolved, `${what}: expected the promise to reject; it resolved`);
  return outcome.reason;
}
