import { elementCount } from "@serving-kit/inference";

/** Packs 4-bit integers, one per byte, into two per byte: the first in the low half, as in TensorFlow Lite. */
export function packNibbles(values: Int8Array | Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(values.length / 2));
  values.forEach((value, i) => {
    packed[i >> 1] = (packed[i >> 1] as number) | ((value & 0xf) << (4 * (i & 1)));
  });
  return packed;
}

/** Unpacks the result of `packNibbles`; int4 is sign-extended. */
export function unpackNibbles(
  packed: Uint8Array,
  shape: readonly number[],
  dtype: "int4" | "uint4",
): Int8Array | Uint8Array {
  const count = Math.min(elementCount(shape), 2 * packed.length);
  const values = dtype === "int4" ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const nibble = ((packed[i >> 1] as number) >> (4 * (i & 1))) & 0xf;
    values[i] = dtype === "int4" ? (nibble << 28) >> 28 : nibble;
  }
  return values;
}
