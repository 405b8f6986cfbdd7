import type { NumericDType, Tensor } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { TensorField } from "./tensor-fields.js";
import { WIRE, type WireReader } from "./wire-reader.js";

/** The typed array of any numeric dtype. */
export type NumericData = Tensor<NumericDType>["data"];

/** Returns the bytes of a typed array, in the same memory. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: NumericData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Fills from a repeated fixed-width field, packed or not. Returns the number of entries. */
export function fillFixed(
  reader: WireReader,
  { field, kind }: TensorField,
  data: NumericData,
): number {
  const width = kind === "float" ? 4 : 8;
  const single = (field << 3) | (kind === "float" ? WIRE.fixed32 : WIRE.fixed64);
  const bytes = bytesOf(data);
  let at = 0;
  const append = (values: WireReader, length: number) => {
    const taken = Math.min(length, bytes.length - at);
    bytes.set(values.take(taken), at);
    at += taken;
    if (taken < length) values.take(length - taken);
  };
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === single) append(reader, width);
    else if (tag === ((field << 3) | WIRE.bytes)) {
      const packed = reader.message();
      if (packed.remaining % width !== 0) {
        throw errors.messageInvalid(`packed values of ${packed.remaining} bytes end within one`);
      }
      append(packed, packed.remaining);
    } else reader.skip(tag);
  }
  return at / width;
}

/** Fills from a repeated varint field, packed or not. Returns the number of entries. */
export function fillVarints(
  reader: WireReader,
  { field, kind }: TensorField,
  data: NumericData,
): number {
  const write = VARINTS[kind as keyof typeof VARINTS];
  const { length } = data;
  let at = 0;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((field << 3) | WIRE.varint)) {
      if (at < length) write(reader, data as never, at++);
      else reader.skip(tag);
    } else if (tag === ((field << 3) | WIRE.bytes)) {
      const packed = reader.message();
      while (packed.hasMore && at < length) write(packed, data as never, at++);
    } else reader.skip(tag);
  }
  return at;
}

const writeInt = (reader: WireReader, data: Int32Array, at: number) => {
  data[at] = reader.uint32();
};

/** Read one varint into a typed array, which wraps out-of-range values, as TensorFlow's casts do. */
const VARINTS = {
  int32: writeInt,
  uint32: writeInt,
  int64: (reader: WireReader, data: BigInt64Array, at: number) => {
    data[at] = reader.int64();
  },
  uint64: (reader: WireReader, data: BigUint64Array, at: number) => {
    data[at] = reader.uint64();
  },
  bool: (reader: WireReader, data: Uint8Array, at: number) => {
    data[at] = reader.bool() ? 1 : 0;
  },
};

/** The elements of a repeated bytes field, the last one repeated; empty strings if there are none. */
export function stringValues(reader: WireReader, field: number, count: number): Uint8Array[] {
  const strings: Uint8Array[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((field << 3) | WIRE.bytes) && strings.length < count) {
      strings.push(reader.content());
    } else reader.skip(tag);
  }
  const last = strings.at(-1) ?? new Uint8Array(0);
  while (strings.length < count) strings.push(last);
  return strings;
}
