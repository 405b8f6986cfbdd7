/**
 * The typed array that holds the elements of each dtype.
 *
 * - `float16` and `bfloat16` are the 16 bits of each number.
 * - `bool` is one byte an element, 0 or 1.
 * - `complex64` and `complex128` are interleaved real and imaginary parts: two numbers per element.
 * - `string` is a list of byte strings.
 * - The quantized types (`qint8` …) are their integers.
 * - `int4`/`uint4` are one byte per element, sign- or zero-extended.
 */
export interface TensorData {
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  int4: Int8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint4: Uint8Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
  complex64: Float32Array;
  complex128: Float64Array;
  string: readonly Uint8Array[];
  qint8: Int8Array;
  quint8: Uint8Array;
  qint16: Int16Array;
  quint16: Uint16Array;
  qint32: Int32Array;
}

/**
 * The name of an element type.
 *
 * @example
 * ```ts
 * const dtype: DType = "float32";
 * ```
 */
export type DType = keyof TensorData;

/** A dtype whose elements have a fixed size: every dtype except `string`. */
export type NumericDType = Exclude<DType, "string">;

/** The facts about a dtype with elements of a fixed size. */
export interface NumericDTypeInfo<D extends NumericDType = NumericDType> {
  /** Makes the typed array, from a length or over a buffer. */
  readonly array: {
    new (length: number): TensorData[D];
    new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TensorData[D];
    readonly BYTES_PER_ELEMENT: number;
  };
  /** Entries of the typed array per element: 2 for complex numbers, else 1. */
  readonly entriesPerElement: 1 | 2;
}

const one = <D extends NumericDType>(array: NumericDTypeInfo<D>["array"]): NumericDTypeInfo<D> => ({
  array,
  entriesPerElement: 1,
});

/** The typed array and width of every dtype except `string`. */
export const NUMERIC_DTYPES: { readonly [D in NumericDType]: NumericDTypeInfo<D> } = {
  float16: one<"float16">(Uint16Array),
  bfloat16: one<"bfloat16">(Uint16Array),
  float32: one<"float32">(Float32Array),
  float64: one<"float64">(Float64Array),
  int4: one<"int4">(Int8Array),
  int8: one<"int8">(Int8Array),
  int16: one<"int16">(Int16Array),
  int32: one<"int32">(Int32Array),
  int64: one<"int64">(BigInt64Array),
  uint4: one<"uint4">(Uint8Array),
  uint8: one<"uint8">(Uint8Array),
  uint16: one<"uint16">(Uint16Array),
  uint32: one<"uint32">(Uint32Array),
  uint64: one<"uint64">(BigUint64Array),
  bool: one<"bool">(Uint8Array),
  complex64: { array: Float32Array, entriesPerElement: 2 },
  complex128: { array: Float64Array, entriesPerElement: 2 },
  qint8: one<"qint8">(Int8Array),
  quint8: one<"quint8">(Uint8Array),
  qint16: one<"qint16">(Int16Array),
  quint16: one<"quint16">(Uint16Array),
  qint32: one<"qint32">(Int32Array),
};

/** Returns whether a string is the name of a dtype. */
export function isDType(text: string): text is DType {
  return text === "string" || Object.hasOwn(NUMERIC_DTYPES, text);
}
