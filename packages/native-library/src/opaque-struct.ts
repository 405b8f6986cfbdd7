import { loadKoffi } from "./koffi.js";
import type { NativeType } from "./native-function.js";

/**
 * Returns a type for a C struct of `byteLength` bytes that functions return by value, as its bytes. Read the bytes with
 * `structBytes`. The caller owns them.
 *
 * Structs of more than 16 bytes are returned through memory of the caller (System V x64, AAPCS64, Windows x64), so the
 * type may be larger than such a struct. Smaller structs are returned in registers and need their exact size, a
 * multiple of 8.
 */
export function opaqueStruct(byteLength: number): NativeType {
  const koffi = loadKoffi();
  return koffi.struct({ words: koffi.array("uint64_t", byteLength / 8, "Typed") });
}

/** Returns the bytes of a struct that a function returned as an `opaqueStruct`. */
export function structBytes({ words }: { words: BigUint64Array }): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}
