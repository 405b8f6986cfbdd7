/**
 * Tasks that run once the event loop has handled the events that have already arrived, before it waits for more.
 *
 * Responses are written then, one after the other. A client with many connections is woken by the first response and
 * finds the others, instead of being woken for each one: half of the system's time for a small response.
 */
const tasks: (() => void)[] = [];

/**
 * Runs a task at the end of this turn of the event loop, after earlier tasks. An error of a task is an uncaught
 * exception, and the tasks behind it run in the next turn.
 */
export function atEndOfTurn(task: () => void): void {
  // The turn of the real event loop, also if a test replaces the clock.
  if (tasks.push(task) === 1) setImmediate(runAll);
}

function runAll(): void {
  const all = tasks.splice(0);
  let next = 0;
  try {
    while (next < all.length) all[next++]?.();
  } finally {
    for (const task of all.slice(next)) atEndOfTurn(task);
  }
}
