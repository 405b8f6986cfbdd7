import type { DType } from "@serving-kit/inference";
import type { NumberRange } from "./scan-number.js";

const integers = (min: number, max: number): NumberRange => ({ integersOnly: true, min, max });

const INT32 = integers(-(2 ** 31), 2 ** 31 - 1);

/** All finite doubles: a double beyond the range of float32 becomes infinite there, as in TF Serving. */
export const DOUBLES: NumberRange = {
  integersOnly: false,
  min: -Number.MAX_VALUE,
  max: Number.MAX_VALUE,
};

/**
 * The range of number tokens that a dtype accepts, as in TF Serving. Floats accept any number and round it; int8, int16
 * and uint8 accept any int32 and keep its low bits.
 */
export const NUMBER_RANGES = {
  float32: DOUBLES,
  float64: DOUBLES,
  int8: INT32,
  uint8: INT32,
  int16: INT32,
  int32: INT32,
  uint32: integers(0, 2 ** 32 - 1),
} satisfies Partial<Record<DType, NumberRange>>;

/** A dtype whose elements are read as doubles. */
export type DoubleDType = keyof typeof NUMBER_RANGES;

/** A dtype that has a form in JSON. */
export type JsonDType = DoubleDType | "int64" | "uint64" | "bool" | "string";

const OTHERS: ReadonlySet<string> = new Set(["int64", "uint64", "bool", "string"]);

/** Returns whether the elements of a dtype are read as doubles. */
export function isDoubleDType(dtype: DType): dtype is DoubleDType {
  return Object.hasOwn(NUMBER_RANGES, dtype);
}

/** Returns whether TF Serving's REST API has a JSON form for a dtype. */
export function isJsonDType(dtype: DType): dtype is JsonDType {
  return isDoubleDType(dtype) || OTHERS.has(dtype);
}

const NAMES: Partial<Record<DType, string>> = {
  float16: "half",
  float32: "float",
  float64: "double",
};

/** Returns the name of a dtype in TF Serving's messages: `float` for float32, `half`, `double`. */
export function dtypeName(dtype: DType): string {
  return NAMES[dtype] ?? dtype;
}
