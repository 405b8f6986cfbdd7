import type { TextSink } from "./subcommand.js";

/** Shows the progress of a task. */
export interface Progress extends Disposable {
  /** `fraction` is from 0 to 1; undefined if unknown. */
  update(label: string, fraction?: number): void;
}

const BAR_CELLS = 30;

/** Minimum time between updates on a terminal in ms. */
const REDRAW_MS = 100;

/** Minimum time between progress lines elsewhere in ms. */
const LINE_MS = 10_000;

/**
 * Shows progress. On a terminal: a bar, removed on disposal. Elsewhere: a line for each new label and every ten
 * seconds.
 */
export function showProgress(sink: TextSink, now = () => performance.now()): Progress {
  const intervalMs = sink.isTTY ? REDRAW_MS : LINE_MS;
  let lastLabel: string | undefined;
  let lastAt = 0;
  return {
    update(label, fraction) {
      const at = now();
      if (label === lastLabel && at - lastAt < intervalMs) return;
      lastLabel = label;
      lastAt = at;
      const percent = fraction === undefined ? "" : ` ${Math.floor(100 * clamp(fraction))} %`;
      sink.write(
        sink.isTTY ? `\r\x1b[2K${bar(fraction, at)}${percent} ${label}` : `${label}${percent}\n`,
      );
    },
    [Symbol.dispose]() {
      if (sink.isTTY && lastLabel !== undefined) sink.write("\r\x1b[2K");
    },
  };
}

const clamp = (fraction: number) => Math.min(1, Math.max(0, fraction));

/** A progress bar; a single moving cell if the fraction is unknown. */
function bar(fraction: number | undefined, atMs: number): string {
  const isKnown = fraction !== undefined;
  const filled = isKnown ? Math.floor(BAR_CELLS * clamp(fraction)) : 1;
  const before = isKnown ? 0 : Math.floor(atMs / REDRAW_MS) % BAR_CELLS;
  return `${"░".repeat(before)}${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled - before)}`;
}
