import type { DType } from "@serving-kit/inference";

/** The facts about a TensorType of the .tflite schema. */
export interface TensorType {
  readonly name: string;
  /** Absent if a signature cannot use the type. */
  readonly dtype?: DType;
  /** Bits of one element in the interpreter's memory; 0 if that is not fixed. */
  readonly bits: number;
}

/** The TensorTypes by their number in the file (tensorflow/lite/schema/schema.fbs). */
export const TENSOR_TYPES: readonly TensorType[] = [
  { name: "FLOAT32", dtype: "float32", bits: 32 },
  { name: "FLOAT16", dtype: "float16", bits: 16 },
  { name: "INT32", dtype: "int32", bits: 32 },
  { name: "UINT8", dtype: "uint8", bits: 8 },
  { name: "INT64", dtype: "int64", bits: 64 },
  { name: "STRING", dtype: "string", bits: 0 },
  { name: "BOOL", dtype: "bool", bits: 8 },
  { name: "INT16", dtype: "int16", bits: 16 },
  { name: "COMPLEX64", dtype: "complex64", bits: 64 },
  { name: "INT8", dtype: "int8", bits: 8 },
  { name: "FLOAT64", dtype: "float64", bits: 64 },
  { name: "COMPLEX128", dtype: "complex128", bits: 128 },
  { name: "UINT64", dtype: "uint64", bits: 64 },
  { name: "RESOURCE", bits: 0 },
  { name: "VARIANT", bits: 0 },
  { name: "UINT32", dtype: "uint32", bits: 32 },
  { name: "UINT16", dtype: "uint16", bits: 16 },
  { name: "INT4", dtype: "int4", bits: 4 },
  { name: "BFLOAT16", dtype: "bfloat16", bits: 16 },
  { name: "INT2", bits: 2 },
  { name: "UINT4", dtype: "uint4", bits: 4 },
];
