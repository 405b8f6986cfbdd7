import { codecKernel } from "./codec-kernel.js";
import { DoubleLeaves } from "./double-leaves.js";
import type { Leaves } from "./leaves.js";
import type { NumberKind } from "./number-kind.js";
import { type RunRow, scanRun } from "./scan-run.js";
import { REASON, type TextWindow } from "./text-window.js";

/** Minimum size of a text for the kernel. It gains nothing for shorter texts, which JavaScript reads. */
const LEAST_BYTES = 512;

/**
 * Reads elements of innermost lists in one text. If the text is long enough and a kernel is available, the kernel reads
 * the numbers, at most a window of 64 KiB at a time. Otherwise they are read in JavaScript.
 */
export class RunReader {
  readonly #bytes: Uint8Array;
  /** A view of exactly `bytes`, created when needed. */
  #view: DataView | undefined;
  readonly #window: TextWindow | undefined;
  /** The ticket of this text's part in the window. */
  #ticket = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#window = bytes.length < LEAST_BYTES ? undefined : codecKernel()?.window;
  }

  /**
   * Reads the element at a position, and the following elements that are separated by commas, into `leaves`. A list of
   * `rowLength` elements may end and the next one start within the run; `row` is updated.
   *
   * Returns the position after the last element, which more elements may follow, or -1 if a token is not an element.
   */
  read(leaves: Leaves, at: number, rowLength: number, row: RunRow): number {
    const window = this.#window;
    if (window !== undefined && leaves.kind !== undefined) {
      return this.#readByKernel(window, leaves.kind, leaves, at, rowLength, row);
    }
    if (leaves instanceof DoubleLeaves) {
      const bytes = this.#bytes;
      this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return scanRun(bytes, this.#view, at, leaves, rowLength, row);
    }
    row.seen++;
    return leaves.read(this.#bytes, at);
  }

  #readByKernel(
    window: TextWindow,
    kind: NumberKind,
    leaves: Leaves,
    from: number,
    rowLength: number,
    row: RunRow,
  ): number {
    const bytes = this.#bytes;
    if (window.ticket !== this.#ticket || !window.has(from))
      this.#ticket = window.load(bytes, from);
    let at = window.read(kind, from, rowLength, row);
    if (window.count === 0 && window.reason === REASON.exhausted && window.from < from) {
      // The number ends outside the window.
      this.#ticket = window.load(bytes, from);
      at = window.read(kind, from, rowLength, row);
    }
    const { count } = window;
    if (count > 0) leaves.append?.(window.numbers(kind), count, at / bytes.length);
    if (window.reason !== REASON.hard && count > 0) return at;
    row.seen++;
    return leaves.read(bytes, at);
  }
}
