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
 * Makes a small array of zeros, of at most 16 KiB, as a part of a larger piece of memory: one of its own
 * takes longer than all the rest of reading it. The piece lives as long as one of its arrays.
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
  // Handing one array over to another thread must not take the others along.
  markAsUntransferable(buffer);
  return buffer;
}
