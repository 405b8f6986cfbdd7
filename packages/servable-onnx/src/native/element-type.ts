import type { DType } from "@serving-kit/inference";

/** dtypes by their numbers in ONNX and in `ONNXTensorElementDataType`; the kit has no dtype for the others. */
const DTYPES: readonly (DType | undefined)[] = [
  undefined,
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  undefined, // float8e4m3fn
  undefined, // float8e4m3fnuz
  undefined, // float8e5m2
  undefined, // float8e5m2fnuz
  "uint4",
  "int4",
];

const NAMES: Readonly<Record<number, string>> = {
  17: "float8e4m3fn",
  18: "float8e4m3fnuz",
  19: "float8e5m2",
  20: "float8e5m2fnuz",
  23: "float4e2m1",
};

/** Returns the dtype of an element type; undefined if the kit has none. */
export const dtypeOf = (elementType: number): DType | undefined => DTYPES[elementType];

/** Returns the number of a dtype's element type; -1 if ONNX has none. */
export const elementTypeOf = (dtype: DType): number => DTYPES.indexOf(dtype);

/** Returns the name of an element type, for messages. */
export const elementTypeName = (elementType: number): string =>
  dtypeOf(elementType) ?? NAMES[elementType] ?? `number ${elementType}`;
