import type { TextSink } from "./subcommand.js";

/** Tells how far something is. */
export interface Progress extends Disposable {
  /** `fraction` is from 0 to 1; undefined while it is not known. */
  update(label: string, fraction?: number): void;
}

const BAR_CELLS = 30;

/** A terminal is written over at most ten times a second. */
const REDRAW_MS = 100;

/** Elsewhere a new line says how far it is after so many ms. */
const LINE_MS = 10_000;

/**
 * Shows progress: as a bar on a terminal, which disposing it removes; elsewhere as a line for each new
 * label and one every ten seconds.
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

/** A bar of what is done; one cell that moves with time while that is not known. */
function bar(fraction: number | undefined, atMs: number): string {
  const isKnown = fraction !== undefined;
  const filled = isKnown ? Math.floor(BAR_CELLS * clamp(fraction)) : 1;
  const before = isKnown ? 0 : Math.floor(atMs / REDRAW_MS) % BAR_CELLS;
  return `${"░".repeat(before)}${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled - before)}`;
}
