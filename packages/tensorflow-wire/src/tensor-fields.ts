import type { DType } from "@serving-kit/inference";

/** The `*_val` field of a TensorProto that holds the values of a dtype. */
export interface TensorField {
  /** The number of the `*_val` field. */
  readonly field: number;
  /** The kind of the field's elements. */
  readonly kind: "float" | "double" | "int32" | "uint32" | "int64" | "uint64" | "bool" | "bytes";
}

const field = (field: number, kind: TensorField["kind"]): TensorField => ({ field, kind });

/**
 * The `*_val` fields of tensorflow/core/framework's tensor.proto for each dtype. Small
 * integers are in `int_val`, the bits of half-precision numbers in `half_val`, complex numbers as
 * pairs.
 */
export const TENSOR_FIELDS: Readonly<Record<DType, TensorField>> = {
  float32: field(5, "float"),
  float64: field(6, "double"),
  int32: field(7, "int32"),
  uint8: field(7, "int32"),
  int16: field(7, "int32"),
  int8: field(7, "int32"),
  string: field(8, "bytes"),
  complex64: field(9, "float"),
  int64: field(10, "int64"),
  bool: field(11, "bool"),
  qint8: field(7, "int32"),
  quint8: field(7, "int32"),
  qint32: field(7, "int32"),
  bfloat16: field(13, "int32"),
  qint16: field(7, "int32"),
  quint16: field(7, "int32"),
  uint16: field(7, "int32"),
  complex128: field(12, "double"),
  float16: field(13, "int32"),
  uint32: field(16, "uint32"),
  uint64: field(17, "uint64"),
  int4: field(7, "int32"),
  uint4: field(7, "int32"),
};
