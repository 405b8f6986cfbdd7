import assert from "node:assert/strict";
import { systemClock } from "@serving-kit/core";
import { turn } from "./turn.js";

/** Time in ms that a suite waits for one condition, if the options set no timeout. */
export const DEFAULT_TIMEOUT_MS = 4_000;

/** Minimum number of event loop turns before a timeout, because a suspended process makes no progress in that time. */
const MIN_TURNS = 100;

/** Returns the outcome of a promise, or fails if it does not settle within a real time. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let hasSettled = false;
  const settled = promise.finally(() => {
    hasSettled = true;
  });
  let timer: Disposable | undefined;
  const late = new Promise<void>((resolve) => {
    timer = systemClock.setTimeout(resolve, timeoutMs);
  }).then(async () => {
    for (let i = 0; i < MIN_TURNS && !hasSettled; i++) await turn();
    if (!hasSettled) assert.fail(`${what} within ${timeoutMs} ms`);
    return promise;
  });
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

/** Advances time, by `pass` and by turns of the event loop, until a condition holds; fails if it never does. */
export async function until(
  condition: () => boolean,
  pass: () => void | Promise<void>,
  timeoutMs: number,
  what: () => string,
): Promise<void> {
  const endAtMs = systemClock.now() + timeoutMs;
  for (let turns = 0; !condition(); turns++) {
    const isOver = turns >= MIN_TURNS && systemClock.now() >= endAtMs;
    if (isOver) assert.fail(`${what()} within ${timeoutMs} ms`);
    await pass();
    await turn();
  }
}

/**
 * Returns whether a promise settles without a turn of the event loop, after at most a hundred microtasks, which means
 * that its work had already ended.
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

/** Returns the reason with which a promise rejects; fails if it resolves or the call throws synchronously. */
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
