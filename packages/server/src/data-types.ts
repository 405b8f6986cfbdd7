import type { DType } from "@serving-kit/inference";

/** The names of TensorFlow's DataType enum. */
export const DATA_TYPES: Readonly<Record<DType, string>> = {
  float32: "DT_FLOAT",
  float64: "DT_DOUBLE",
  float16: "DT_HALF",
  bfloat16: "DT_BFLOAT16",
  int4: "DT_INT4",
  int8: "DT_INT8",
  int16: "DT_INT16",
  int32: "DT_INT32",
  int64: "DT_INT64",
  uint4: "DT_UINT4",
  uint8: "DT_UINT8",
  uint16: "DT_UINT16",
  uint32: "DT_UINT32",
  uint64: "DT_UINT64",
  bool: "DT_BOOL",
  string: "DT_STRING",
  complex64: "DT_COMPLEX64",
  complex128: "DT_COMPLEX128",
  qint8: "DT_QINT8",
  quint8: "DT_QUINT8",
  qint16: "DT_QINT16",
  quint16: "DT_QUINT16",
  qint32: "DT_QINT32",
};
