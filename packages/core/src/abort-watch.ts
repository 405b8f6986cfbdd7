/** A task that a signal can abort. */
export interface Abortable {
  abort(): void;
}

/** The tasks of a signal, which share one listener: from 11 listeners on, Node warns about a leak. */
interface Watch {
  readonly tasks: Set<Abortable>;
  readonly listener: () => void;
  isShared: boolean;
}

// Kept as long as the signal exists: the signal of a connection is used again for every request.
const watches = new WeakMap<AbortSignal, Watch>();

/** Calls `task.abort()` when the signal aborts, unless `unwatch` is called first. */
export function watch(signal: AbortSignal, task: Abortable): void {
  const { tasks, listener, isShared } = watchOf(signal);
  if (tasks.size === 0 && !isShared) signal.addEventListener("abort", listener);
  tasks.add(task);
}

/** Undoes `watch`. When the last task is removed, so is the listener, unless the signal is shared. */
export function unwatch(signal: AbortSignal, task: Abortable): void {
  const { tasks, listener, isShared } = watchOf(signal);
  tasks.delete(task);
  if (tasks.size === 0 && !isShared) signal.removeEventListener("abort", listener);
}

/**
 * Declares that a signal is passed to many calls, such as the signal of a connection to each of its requests. One
 * listener then stays on it, because adding and removing a listener is most of the cost of a signal per call.
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
 * Calls back if the signal aborts before the promise settles. If it has aborted already, calls back in a later
 * microtask.
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
