const SHOW_AFTER_MS = 1000;

/** The cells of the bar, as those of the command's `showProgress`, which does not run before the installation. */
const BAR_CELLS = 30;

/**
 * Formats a duration: `850 ms`, `12.3 s`, `3 min 05 s`.
 *
 * @param {number} ms
 */
export function formatDuration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * Shows on stderr that `label` is in progress, from `afterMs` (default 1,000 ms) on: a bar whose cell moves each second
 * on a terminal, one line elsewhere. The returned function ends it: if the step was shown, it prints the outcome and
 * the time.
 *
 * @param {string} label
 * @param {{ afterMs?: number }} [options]
 */
export function showStep(label, { afterMs = SHOW_AFTER_MS } = {}) {
  const { stderr } = process;
  const startedAt = performance.now();
  let isShown = false;
  const tick = () => {
    if (stderr.isTTY) {
      const seconds = Math.floor((performance.now() - startedAt) / 1000);
      const before = seconds % BAR_CELLS;
      const bar = `${"░".repeat(before)}█${"░".repeat(BAR_CELLS - 1 - before)}`;
      stderr.write(`\r\x1b[2K${bar} ${seconds} s ${label}`);
    } else if (!isShown) stderr.write(`${label} …\n`);
    isShown = true;
  };
  if (afterMs === 0) tick();
  const timer = setInterval(tick, SHOW_AFTER_MS);
  return (outcome = "done") => {
    clearInterval(timer);
    if (!isShown) return;
    if (stderr.isTTY) stderr.write("\r\x1b[2K");
    stderr.write(`${label}: ${outcome} in ${formatDuration(performance.now() - startedAt)}\n`);
  };
}

/**
 * Runs an action as a step that is always shown, however short it is. Returns its result, and rejects as it does.
 *
 * @template T
 * @param {string} label
 * @param {() => T | Promise<T>} action
 * @returns {Promise<T>}
 */
export async function runStep(label, action) {
  const end = showStep(label, { afterMs: 0 });
  try {
    const result = await action();
    end("done");
    return result;
  } catch (error) {
    end("failed");
    throw error;
  }
}
