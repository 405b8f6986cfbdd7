import { markAsUntransferable } from "node:worker_threads";

/** A constructor of typed arrays. */
interface TypedArrayConstructor<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): A;
}

const SLAB_BYTES = 16_384;

let slab = newSlab();
let used = 0;

/**
 * Allocates a small array of zeros, of at most 16 KiB, within a larger buffer: a separate buffer would take longer than
 * reading the whole array. The buffer lives as long as any of its arrays.
 */
export function smallArray<A>(array: TypedArrayConstructor<A>, length: number): A {
  const bytes = (length * array.BYTES_PER_ELEMENT + 7) & ~7;
  if (used + bytes > SLAB_BYTES) {
    slab = newSlab();
    used = 0;
  }
  const made = new array(slab, used, length);
  used += bytes;
  return made;
}

function newSlab(): ArrayBuffer {
  const buffer = new ArrayBuffer(SLAB_BYTES);
  // Transferring one array to another thread must not transfer the others.
  markAsUntransferable(buffer);
  return buffer;
}
