import { type Clock, systemClock } from "@serving-kit/core";
import { gatedFiles } from "./gated-files.js";

/** Default maximum bytes that a `ReadHandover` keeps, for models that were checked and are not loaded yet. */
export const HANDOVER_BYTES = 256 * 2 ** 20;

/** Maximum number of files that it keeps, of any size. */
const MAX_FILES = 1_000;

/**
 * Time in ms that it keeps them. If a version is removed between its check and its load, nothing takes what was read of
 * it.
 */
const KEPT_MS = 60_000;

type HandoverClock = Pick<Clock, "now" | "setTimeout">;

/** A clock whose timers do not keep the process alive: nothing waits for the end of `KEPT_MS`. */
const backgroundClock: HandoverClock = {
  now: systemClock.now,
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs).unref(); // not a Clock's timer: this is the clock
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

interface Kept<T> {
  readonly path: string;
  readonly atMs: number;
  readonly stamp: string;
  readonly bytes: number;
  readonly value: T;
}

/**
 * Passes the content of a file from the completeness check to the load that follows, so that a model file is read once.
 *
 * Keeps at most 256 MiB and 1,000 files, the newest, for a minute. Content is returned once, and only if the file has
 * not changed since. A larger file is read again, because no manager has reserved memory for it between the check and
 * the load. A canary reads its own copy too, because it is another process.
 */
export class ReadHandover<T> {
  readonly #maxBytes: number;
  #kept: Kept<T>[] = [];
  #bytes = 0;
  readonly #clock: HandoverClock;
  #timer: Disposable | undefined;

  /**
   * @param maxBytes Default 256 MiB.
   * @param clock Default: the process's clock, with timers that do not keep the process alive.
   */
  constructor(maxBytes = HANDOVER_BYTES, clock = backgroundClock) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  /** Calls `read`, and keeps its result. Rejects as `read` and `stat` do. */
  async readAndKeep(path: string, read: () => Promise<T>): Promise<T> {
    // Stat before reading: a write in between changes the stamp.
    const { stamp, bytes } = await stampOf(path);
    const value = await read();
    if (bytes > this.#maxBytes) return value;
    this.#kept.push({ path, atMs: this.#clock.now(), stamp, bytes, value });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes || this.#kept.length > MAX_FILES) this.#remove(0);
    this.#timer ??= this.#clock.setTimeout(() => this.#forgetOld(), KEPT_MS);
    return value;
  }

  /** Returns the content that was kept for the file's current state, once; undefined if there is none. */
  async take(path: string): Promise<T | undefined> {
    if (!this.#kept.some((kept) => kept.path === path)) return undefined;
    const { stamp } = await stampOf(path).catch(() => ({ stamp: undefined }));
    const index = this.#kept.findLastIndex((kept) => kept.path === path && kept.stamp === stamp);
    const value = this.#kept[index]?.value;
    if (index >= 0) this.#remove(index);
    // The content of an earlier state of the file is stale.
    for (let i = this.#kept.length - 1; i >= 0; i--) {
      const kept = this.#kept[i] as Kept<T>;
      if (kept.path === path && kept.stamp !== stamp) this.#remove(i);
    }
    return value;
  }

  #forgetOld(): void {
    const now = this.#clock.now();
    const isOld = ({ atMs }: Kept<T>) => now - atMs >= KEPT_MS;
    while (this.#kept[0] !== undefined && isOld(this.#kept[0])) this.#remove(0);
    const [oldest] = this.#kept;
    this.#timer =
      oldest && this.#clock.setTimeout(() => this.#forgetOld(), oldest.atMs + KEPT_MS - now);
  }

  #remove(index: number): void {
    const [removed] = this.#kept.splice(index, 1);
    this.#bytes -= removed?.bytes ?? 0;
    if (this.#kept.length > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

async function stampOf(path: string): Promise<{ readonly stamp: string; readonly bytes: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await gatedFiles.stat(path, { bigint: true });
  return { stamp: [dev, ino, size, mtimeNs, ctimeNs].join(), bytes: Number(size) };
}
