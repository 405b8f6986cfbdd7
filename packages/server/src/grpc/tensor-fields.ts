import type { DType } from "@serving-kit/inference";

/** How the typed values of a dtype stand in a TensorProto. */
export interface TensorField {
  /** The number of the dtype in TensorFlow's DataType enum. */
  readonly dataType: number;
  /** The number of the `*_val` field. */
  readonly field: number;
  /** What the field's elements are. */
  readonly kind: "float" | "double" | "int32" | "uint32" | "int64" | "uint64" | "bool" | "bytes";
}

const field = (dataType: number, field: number, kind: TensorField["kind"]): TensorField => ({
  dataType,
  field,
  kind,
});

/**
 * The numbers of tensorflow/core/framework's types.proto and tensor.proto for each dtype. Small
 * integers stand in `int_val`, the bits of half-precision numbers in `half_val`, complex numbers as
 * pairs.
 */
export const TENSOR_FIELDS: Readonly<Record<DType, TensorField>> = {
  float32: field(1, 5, "float"),
  float64: field(2, 6, "double"),
  int32: field(3, 7, "int32"),
  uint8: field(4, 7, "int32"),
  int16: field(5, 7, "int32"),
  int8: field(6, 7, "int32"),
  string: field(7, 8, "bytes"),
  complex64: field(8, 9, "float"),
  int64: field(9, 10, "int64"),
  bool: field(10, 11, "bool"),
  qint8: field(11, 7, "int32"),
  quint8: field(12, 7, "int32"),
  qint32: field(13, 7, "int32"),
  bfloat16: field(14, 13, "int32"),
  qint16: field(15, 7, "int32"),
  quint16: field(16, 7, "int32"),
  uint16: field(17, 7, "int32"),
  complex128: field(18, 12, "double"),
  float16: field(19, 13, "int32"),
  uint32: field(22, 16, "uint32"),
  uint64: field(23, 17, "uint64"),
  int4: field(29, 7, "int32"),
  uint4: field(30, 7, "int32"),
};

/** The dtype of each number of the DataType enum that a tensor can have. */
export const DTYPES: ReadonlyMap<number, DType> = new Map(
  Object.entries(TENSOR_FIELDS).map(([dtype, { dataType }]) => [dataType, dtype as DType]),
);
