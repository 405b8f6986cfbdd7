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
