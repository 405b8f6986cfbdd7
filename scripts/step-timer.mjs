const SHOW_AFTER_MS = 1000;

/** `850 ms`, `12.3 s`, `3 min 05 s`. */
export function formatDuration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * Tells on stderr that `label` is under way once it has taken longer than a second: a counting line
 * on a terminal, one line at the beginning elsewhere. The returned function ends it, and says how
 * long it took if it had begun to tell.
 */
export function showStep(label) {
  const { stderr } = process;
  const startedAt = performance.now();
  let isShown = false;
  const tick = () => {
    if (stderr.isTTY) {
      const seconds = Math.floor((performance.now() - startedAt) / 1000);
      stderr.write(`\r\x1b[2K${label} … ${seconds} s`);
    } else if (!isShown) stderr.write(`${label} …\n`);
    isShown = true;
  };
  const timer = setInterval(tick, SHOW_AFTER_MS);
  return (outcome = "done") => {
    clearInterval(timer);
    if (!isShown) return;
    if (stderr.isTTY) stderr.write("\r\x1b[2K");
    stderr.write(`${label}: ${outcome} in ${formatDuration(performance.now() - startedAt)}\n`);
  };
}
