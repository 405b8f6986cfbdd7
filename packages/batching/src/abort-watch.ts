/** Something that a signal may abort. */
export interface Abortable {
  abort(): void;
}

// One listener for each signal, however many tasks share it: Node warns of a leak from 11 on.
const watched = new WeakMap<AbortSignal, { tasks: Set<Abortable>; listener: () => void }>();

/** Calls `task.abort()` when the signal aborts, unless `unwatch` is called before. */
export function watch(signal: AbortSignal, task: Abortable): void {
  const watch = watched.get(signal);
  if (watch !== undefined) {
    watch.tasks.add(task);
    return;
  }
  const tasks = new Set([task]);
  const listener = () => {
    watched.delete(signal);
    for (const task of tasks) task.abort();
  };
  watched.set(signal, { tasks, listener });
  signal.addEventListener("abort", listener, { once: true });
}

/** Ends what `watch` began; the last task takes the listener off the signal. */
export function unwatch(signal: AbortSignal, task: Abortable): void {
  const watch = watched.get(signal);
  if (watch === undefined) return;
  watch.tasks.delete(task);
  if (watch.tasks.size > 0) return;
  watched.delete(signal);
  signal.removeEventListener("abort", watch.listener);
}
