import type { Tensor } from "@serving-kit/inference";
import { copyMemory } from "@serving-kit/native-library";
import type { Bindings } from "./bindings.js";

/** Bytes of one TF_TString (ctstring_internal.h). */
export const TSTRING_BYTES = 24;

/**
 * Maximum bytes of a string that is stored in the TF_TString itself: after one byte with its length times 4, and before
 * a zero. The low two bits of that byte are 0, which distinguishes this form from the others.
 */
const INLINE_BYTES = 22;

/** Writes strings into the memory of a string tensor. TensorFlow copies strings that do not fit inline. */
export function writeStrings(
  bindings: Bindings,
  memory: bigint,
  strings: readonly Uint8Array[],
): void {
  // Zero bytes are empty strings.
  const block = new Uint8Array(TSTRING_BYTES * strings.length);
  for (let i = 0; i < strings.length; i++) {
    const string = strings[i] as Uint8Array;
    if (string.length > INLINE_BYTES) continue;
    block[TSTRING_BYTES * i] = string.length << 2;
    block.set(string, TSTRING_BYTES * i + 1);
  }
  copyMemory(memory, block, block.length);
  for (let i = 0; i < strings.length; i++) {
    const string = strings[i] as Uint8Array;
    if (string.length <= INLINE_BYTES) continue;
    bindings.stringCopy(memory + BigInt(TSTRING_BYTES * i), string, string.length);
  }
}

/** Copies the strings out of the memory of a string tensor. */
export function readStrings(bindings: Bindings, memory: bigint, count: number): Uint8Array[] {
  const block = new Uint8Array(TSTRING_BYTES * count);
  copyMemory(block, memory, block.length);
  return Array.from({ length: count }, (_, i) => {
    const first = block[TSTRING_BYTES * i] as number;
    if ((first & 3) === 0) {
      return block.slice(TSTRING_BYTES * i + 1, TSTRING_BYTES * i + 1 + (first >> 2));
    }
    const pointer = memory + BigInt(TSTRING_BYTES * i);
    const bytes = new Uint8Array(Number(bindings.stringSize(pointer)));
    copyMemory(bytes, bindings.stringData(pointer), bytes.length);
    return bytes;
  });
}

/** Returns the bytes of all strings of some tensors. */
export function stringBytes(tensors: readonly Tensor[]): number {
  let bytes = 0;
  for (const { data } of tensors) {
    if (Array.isArray(data)) for (const { length } of data) bytes += length;
  }
  return bytes;
}
