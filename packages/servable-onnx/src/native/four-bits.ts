/** Returns the bytes of 4-bit elements: two per byte, the first in the lower half. */
export const packedBytes = (count: number): number => Math.ceil(count / 2);

/** Packs elements of int4 or uint4. */
export function pack4(elements: Int8Array | Uint8Array): Uint8Array {
  const packed = new Uint8Array(packedBytes(elements.length));
  for (const [i, element] of elements.entries()) {
    packed[i >> 1] = (packed[i >> 1] as number) | ((element & 15) << (i % 2 === 0 ? 0 : 4));
  }
  return packed;
}

/** Unpacks elements of int4, sign-extended, or of uint4. */
export function unpack4(
  packed: Uint8Array,
  count: number,
  dtype: "int4" | "uint4",
): Int8Array | Uint8Array {
  const elements = dtype === "int4" ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bits = ((packed[i >> 1] as number) >> (i % 2 === 0 ? 0 : 4)) & 15;
    elements[i] = dtype === "int4" && bits > 7 ? bits - 16 : bits;
  }
  return elements;
}
