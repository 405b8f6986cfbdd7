/** Gives what the promise gives, or rejects with the signal's reason as soon as that aborts. Internal. */
export function orAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const end = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    Promise.resolve(promise).finally(end).then(resolve, reject);
  });
}

/**
 * Calls back when the signal aborts before the promise settles; in a later microtask when it has
 * aborted already. Internal.
 */
export function onAbort(
  signal: AbortSignal | undefined,
  callback: () => void,
  until: Promise<unknown>,
): void {
  if (signal === undefined) return;
  if (signal.aborted) queueMicrotask(callback);
  else signal.addEventListener("abort", callback, { once: true });
  const end = () => signal.removeEventListener("abort", callback);
  until.then(end, end);
}
