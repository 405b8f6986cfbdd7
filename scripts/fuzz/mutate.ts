/** Returns numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The most bytes of an input. */
const MAX_BYTES = 8_192;

/** Values at which formats change: lengths, signs, ends. */
const INTERESTING = [0, 1, 2, 7, 8, 16, 32, 64, 100, 127, 128, 200, 254, 255];

type Pick = (below: number) => number;

/** Makes new inputs of those of a corpus, by a few changes each. */
export class Mutator {
  readonly #pick: Pick;
  readonly #words: readonly Buffer[];

  /** @param words Texts and bytes that the format knows. */
  constructor(random: () => number, words: readonly (string | Uint8Array)[]) {
    this.#pick = (below) => Math.floor(random() * below);
    this.#words = words.map((word) => Buffer.from(word as string));
  }

  /** Returns a changed copy of one of the inputs. */
  mutate(corpus: readonly Uint8Array[]): Buffer {
    let bytes: Buffer = Buffer.from(corpus[this.#pick(corpus.length)] as Uint8Array);
    for (let left = 1 + this.#pick(4); left > 0; left--) bytes = this.#change(bytes, corpus);
    return bytes.subarray(0, MAX_BYTES);
  }

  #change(bytes: Buffer, corpus: readonly Uint8Array[]): Buffer {
    const pick = this.#pick;
    const at = pick(bytes.length + 1);
    const length = 1 + pick(Math.min(16, bytes.length + 1));
    switch (pick(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
        return bytes;
      case 1:
        if (at < bytes.length) bytes[at] = INTERESTING[pick(INTERESTING.length)] as number;
        return bytes;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeInt32LE(pick(2 ** 16) - 2 ** 15, at);
        return bytes;
      case 3:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      case 4: {
        const copied = bytes.subarray(at, at + length);
        return Buffer.concat([bytes.subarray(0, at), copied, copied, bytes.subarray(at + length)]);
      }
      case 5: {
        const other = corpus[pick(corpus.length)] as Uint8Array;
        return Buffer.concat([bytes.subarray(0, at), other.subarray(pick(other.length + 1))]);
      }
      case 6:
        return bytes.subarray(0, at);
      default:
        return Buffer.concat([bytes.subarray(0, at), this.#word(), bytes.subarray(at)]);
    }
  }

  #word(): Buffer {
    if (this.#words.length === 0) return Buffer.of(this.#pick(256));
    return this.#words[this.#pick(this.#words.length)] as Buffer;
  }
}
