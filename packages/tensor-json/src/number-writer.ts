import type { JsonWriter } from "./json-writer.js";
import { byKind, type KernelNumbers, type NumberKind } from "./number-kind.js";
import type { Kernel } from "./open-kernel.js";
import { writeFloat32, writeFloat64 } from "./write-float.js";

/** The elements of a tensor that the kernel writes. */
export type NumberData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type Write = (from: number, count: number, rowLength: number, seen: number) => number;

/** Number of elements written at a time, so that they and their text stay in the processor's cache. */
const CHUNK = 4096;
/** Below this a loop is faster than a view and a call. */
const MAX_NUMBERS_ONE_BY_ONE = 64;
const MAX_BYTES_ONE_BY_ONE = 128;

/** Writes numbers with the kernel of a thread. */
export class NumberWriter {
  readonly #bytes: Uint8Array;
  readonly #state: Int32Array;
  readonly #numbersAt: number;
  readonly #textAt: number;
  readonly #kinds: Readonly<
    Record<NumberKind, { readonly write: Write; readonly numbers: KernelNumbers }>
  >;

  constructor({ memory, address, fn }: Kernel) {
    this.#bytes = new Uint8Array(memory);
    this.#state = new Int32Array(memory, address("STATE"), 5);
    this.#numbersAt = address("NUMBERS");
    this.#textAt = address("TEXT");
    this.#kinds = byKind(memory, this.#numbersAt, address("NUMBERS_BYTES"), (kind, numbers) => ({
      write: fn(`write${kind}`) as Write,
      numbers,
    }));
  }

  /** Writes the elements from..to, separated by commas, and by `],[` between rows of `rowLength`. */
  write(
    writer: JsonWriter,
    kind: NumberKind,
    data: NumberData,
    from: number,
    to: number,
    rowLength: number,
  ): void {
    const { write, numbers } = this.#kinds[kind];
    const state = this.#state;
    const size = numbers.BYTES_PER_ELEMENT;
    let seen = 0;
    for (let start = from; start < to; start += CHUNK) {
      const count = Math.min(CHUNK, to - start);
      this.#take(data, start, count, numbers);
      for (let done = 0; done < count; ) {
        const end = write(this.#numbersAt + done * size, count - done, rowLength, seen);
        this.#give(writer, end);
        done += state[1] as number;
        seen = state[2] as number;
        if (state[0] === 0) continue;
        const writeHard = kind === "F32" ? writeFloat32 : writeFloat64;
        writer.at = writeHard(writer.out, writer.at, data[start + done++] as number);
        seen++;
      }
    }
  }

  /** Copies elements to the kernel's memory. */
  #take(data: NumberData, start: number, count: number, numbers: KernelNumbers): void {
    if (count > MAX_NUMBERS_ONE_BY_ONE) {
      (numbers as Float32Array).set((data as Float32Array).subarray(start, start + count));
    } else {
      for (let i = 0; i < count; i++) numbers[i] = data[start + i] as never;
    }
  }

  /** Copies the text, up to an address, from the kernel's memory. */
  #give(writer: JsonWriter, end: number): void {
    const { out, at } = writer;
    const bytes = this.#bytes;
    const start = this.#textAt;
    const length = end - start;
    if (length > MAX_BYTES_ONE_BY_ONE) out.set(bytes.subarray(start, end), at);
    else for (let i = 0; i < length; i++) out[at + i] = bytes[start + i] as number;
    writer.at = at + length;
  }
}
