import { byKind, type KernelNumbers, type NumberKind } from "./number-kind.js";
import type { Kernel } from "./open-kernel.js";
import type { RunRow } from "./scan-run.js";

type Read = (p: number, cursor: number, stop: number, rowLength: number, seen: number) => number;

/** The reasons for the end of a run, as in kernel/layout.ts. */
export const REASON = { done: 0, hard: 1, exhausted: 2 } as const;

/** Tokens that end this close to the end of a window are not read, because the text after them is not in the window. */
const MARGIN = 16;
/** The number of bytes after the text that the kernel reads, which must be zeros. */
const PADDING = 64;
/** Below this a loop is faster than a view and a call. */
const MAX_COPIED_ONE_BY_ONE = 256;

/**
 * The part of a text that is in the memory of a thread's kernel, and the numbers that the kernel read from it.
 *
 * Texts take turns: `load` returns a ticket, and `ticket` changes when another text is loaded. Numbers are valid until
 * the next call.
 */
export class TextWindow {
  /** Changes with every `load`. */
  ticket = 0;
  /** The result of the last `read`: one of `REASON`. */
  reason = 0;
  /** The number of numbers that the last `read` read. */
  count = 0;
  readonly #bytes: Uint8Array;
  readonly #state: Int32Array;
  readonly #size: number;
  readonly #start: number;
  readonly #indexStart: number;
  readonly #index: (length: number) => number;
  readonly #kinds: Readonly<
    Record<NumberKind, { readonly read: Read; readonly numbers: KernelNumbers }>
  >;
  /** The start of the window, as a position in the text. */
  #from = 0;
  #to = 0;
  #stop = 0;
  #cursor = 0;

  constructor({ memory, address, fn }: Kernel) {
    this.#bytes = new Uint8Array(memory);
    this.#state = new Int32Array(memory, address("STATE"), 5);
    this.#start = address("WINDOW");
    this.#size = address("WINDOW_BYTES");
    this.#indexStart = address("INDEX");
    this.#index = fn("index");
    this.#kinds = byKind(memory, address("NUMBERS"), address("NUMBERS_BYTES"), (kind, numbers) => ({
      read: fn(`read${kind}`) as Read,
      numbers,
    }));
  }

  /** The start of the window in the text that was loaded last. */
  get from(): number {
    return this.#from;
  }

  /**
   * Returns whether a position of the text that was loaded last is in the window, and not before the text already read.
   */
  has(at: number): boolean {
    return at >= this.#from && at < this.#to;
  }

  /** Loads the text from a position at which a token starts. Returns the ticket. */
  load(text: Uint8Array, from: number): number {
    const bytes = this.#bytes;
    const start = this.#start;
    const to = Math.min(from + this.#size, text.length);
    const length = to - from;
    if (length <= MAX_COPIED_ONE_BY_ONE) {
      for (let i = 0; i < length; i++) bytes[start + i] = text[from + i] as number;
    } else {
      bytes.set(new Uint8Array(text.buffer, text.byteOffset + from, length), start);
    }
    bytes.fill(0, start + length, start + length + PADDING);
    this.#index(length);
    this.#from = from;
    this.#to = to;
    this.#stop = start + length - (to === text.length ? 0 : MARGIN);
    this.#cursor = this.#indexStart;
    return ++this.ticket;
  }

  /**
   * Reads a run of numbers from a position: see `run` of kernel/run.ts. Positions may only increase from one `load` to
   * the next. Returns the position after the last number; with `REASON.hard`, the start of the next number.
   */
  read(kind: NumberKind, at: number, rowLength: number, row: RunRow): number {
    const state = this.#state;
    const offset = this.#start - this.#from;
    const { read } = this.#kinds[kind];
    const end = read(at + offset, this.#cursor, this.#stop, rowLength, row.seen);
    this.reason = state[0] as number;
    this.count = state[1] as number;
    row.seen = state[2] as number;
    row.finished += state[3] as number;
    this.#cursor = state[4] as number;
    return end - offset;
  }

  /** The memory with the numbers that the last `read` of a kind read. */
  numbers(kind: NumberKind): KernelNumbers {
    return this.#kinds[kind].numbers;
  }
}
