import type { DType } from "@serving-kit/inference";

/**
 * The number of each dtype in TensorFlow: `TF_DataType` of its C header `tf_datatype.h`, the same as
 * the enum `DataType` of `types.proto`.
 */
export const DATA_TYPES = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  qint8: 11,
  quint8: 12,
  qint32: 13,
  bfloat16: 14,
  qint16: 15,
  quint16: 16,
  uint16: 17,
  complex128: 18,
  float16: 19,
  uint32: 22,
  uint64: 23,
  int4: 29,
  uint4: 30,
} as const satisfies Record<DType, number>;

/** The dtype of each number, without reference types and types that are not dtypes of the kit. */
export const DTYPES: ReadonlyMap<number, DType> = new Map(
  Object.entries(DATA_TYPES).map(([dtype, number]) => [number, dtype as DType]),
);

/** Names in `types.proto` that are not `DT_` followed by the dtype in capitals. */
const OTHER_NAMES: Partial<Record<DType, string>> = {
  float32: "DT_FLOAT",
  float64: "DT_DOUBLE",
  float16: "DT_HALF",
};

/** The name of each dtype in the enum `DataType` of `types.proto`, such as `DT_FLOAT`. */
export const DATA_TYPE_NAMES = Object.fromEntries(
  (Object.keys(DATA_TYPES) as DType[]).map((dtype) => [
    dtype,
    OTHER_NAMES[dtype] ?? `DT_${dtype.toUpperCase()}`,
  ]),
) as Readonly<Record<DType, string>>;

/** TensorFlow's types that are not dtypes of the kit: handles, references, and floats of 8 bits and less. */
const others = new Map([
  [20, "resource"],
  [21, "variant"],
  [24, "float8_e5m2"],
  [25, "float8_e4m3fn"],
  [26, "float8_e4m3fnuz"],
  [27, "float8_e4m3b11fnuz"],
  [28, "float8_e5m2fnuz"],
  [31, "int2"],
  [32, "uint2"],
]);

/** The numbers of types by their names in `types.proto`, such as `DT_FLOAT`, for the text format. */
export const DATA_TYPE_TEXTS: ReadonlyMap<string, number> = new Map(
  [
    ...Object.entries({ ...DATA_TYPES, float: 1, double: 2, half: 19 }),
    ...[...others].map(([number, name]) => [name, number] as const),
  ].flatMap(([name, number]) => [
    [`DT_${name.toUpperCase()}`, number],
    [`DT_${name.toUpperCase()}_REF`, number + 100],
  ]),
);

/** The offset of TF1's reference types from their value types. */
const REFERENCE = 100;

/** Returns the dtype of a TensorFlow type number; undefined if no dtype of the kit corresponds. */
export function dtypeOf(dataType: number): DType | undefined {
  return DTYPES.get(dataType > REFERENCE ? dataType - REFERENCE : dataType);
}

/** Returns the name of a TensorFlow type number, for messages. */
export function dataTypeName(dataType: number): string {
  return dtypeOf(dataType) ?? others.get(dataType) ?? `data type ${dataType}`;
}

const texts = new Map(
  [...DATA_TYPE_TEXTS].map(([text, number]) => [number, text] as const).reverse(),
);
for (const dtype of Object.keys(DATA_TYPES) as DType[]) {
  texts.set(DATA_TYPES[dtype], DATA_TYPE_NAMES[dtype]);
}

/** Returns the name of a TensorFlow type number in the enum `DataType` of `types.proto`; `DT_INVALID` for 0. */
export function dataTypeText(dataType: number): string {
  return texts.get(dataType) ?? (dataType === 0 ? "DT_INVALID" : String(dataType));
}
