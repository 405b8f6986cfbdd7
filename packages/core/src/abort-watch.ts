/** The work that a signal aborts. */
export interface Abortable {
  abort(): void;
}

/** The tasks of a signal with one listener for all of them: Node warns of a leak from 11 listeners on. */
interface Watch {
  readonly tasks: Set<Abortable>;
  readonly listener: () => void;
  isShared: boolean;
}

// Kept while the signal lives, since one of a connection comes back with every request.
const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `task.abort()` when the signal aborts, unless `unwatch` is called before. */
export function watch(signal: AbortSignal, task: Abortable): void {
  const { tasks, listener, isShared } = watchOf(signal);
  if (tasks.size === 0 && !isShared) signal.addEventListener("abort", listener);
  tasks.add(task);
}

/** Ends `watch`. The last task removes the listener from a signal that is not shared. */
export function unwatch(signal: AbortSignal, task: Abortable): void {
  const { tasks, listener, isShared } = watchOf(signal);
  tasks.delete(task);
  if (tasks.size === 0 && !isShared) signal.removeEventListener("abort", listener);
}

/**
 * Declares that a signal is passed to many calls, as that of a connection is with each of its requests.
 * One listener then stays on it, because adding and removing a listener is most of what a signal costs
 * a call.
 */
export function shareSignal(signal: AbortSignal): void {
  const watch = watchOf(signal);
  if (watch.isShared) return;
  watch.isShared = true;
  if (watch.tasks.size === 0) signal.addEventListener("abort", watch.listener);
}

function watchOf(signal: AbortSignal): Watch {
  const found = watches.get(signal);
  if (found !== undefined) return found;
  const tasks = new Set<Abortable>();
  const listener = () => {
    for (const task of tasks) task.abort();
    tasks.clear();
  };
  const created = { tasks, listener, isShared: false };
  watches.set(signal, created);
  return created;
}

/**
 * Calls back when the signal aborts before the promise settles; in a later microtask when it has
 * aborted already.
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
