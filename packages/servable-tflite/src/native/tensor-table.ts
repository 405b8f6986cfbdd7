/** A tensor whose number in the file and current `TfLiteTensor *` are known. */
export interface KnownTensor {
  readonly number: number;
  readonly pointer: bigint;
}

/** sizeof(TfLiteTensor) is 112 in 2.9. A distance outside these bounds is not a plausible size. */
const MIN_BYTES = 64n;
const MAX_BYTES = 512n;

/**
 * Locates any tensor of a subgraph. The C API of 2.9 has no function for that, but TensorFlow Lite keeps all tensors of
 * a subgraph in one array. Two known tensors determine its address and the size of an element. Valid until memory is
 * allocated or the model runs.
 */
export class TensorTable {
  readonly #first: bigint;
  readonly #bytes: bigint;

  private constructor(first: bigint, bytes: bigint) {
    this.#first = first;
    this.#bytes = bytes;
  }

  /** Undefined if fewer than two tensors are known. */
  static of(known: readonly KnownTensor[]): TensorTable | undefined {
    const [one] = known;
    const other = known.find(({ number }) => number !== one?.number);
    if (one === undefined || other === undefined) return undefined;
    const distance = BigInt(other.number - one.number);
    const bytes = (other.pointer - one.pointer) / distance;
    const isExact = bytes * distance === other.pointer - one.pointer;
    if (!isExact || bytes < MIN_BYTES || bytes > MAX_BYTES) return undefined;
    return new TensorTable(one.pointer - BigInt(one.number) * bytes, bytes);
  }

  /** Returns the current `TfLiteTensor *` of a tensor that is in the file. */
  at = (number: number): bigint => this.#first + BigInt(number) * this.#bytes;
}
