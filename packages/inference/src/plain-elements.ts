import { type DType, NUMERIC_DTYPES, type NumericDType, type TensorData } from "./dtype.js";
import { BFLOAT16, FLOAT16, type HalfFloat, toHalfFloat } from "./half-float.js";

/** An entry of the array that holds a tensor's elements. */
type Entry = number | bigint | Uint8Array;

/** Converts a plain value to an entry. Throws TypeError or RangeError with what was expected. */
export type Convert = (value: unknown) => Entry;

const encoder = new TextEncoder();
/** A surrogate without its pair, which UTF-8 cannot encode. */
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;

/**
 * Converts the elements of a plain array to the data of a tensor. A float is rounded to the nearest value of the dtype,
 * ties to even; no other value is changed.
 *
 * @throws TypeError for a value of another type, such as a string, null or a nested array; RangeError for a value that
 * the dtype cannot hold: beyond its limits, or a fraction in an integer dtype.
 */
export function plainElements<D extends DType>(
  dtype: D,
  elements: readonly unknown[],
): TensorData[D] {
  const convert = CONVERSIONS[dtype];
  const { length } = elements;
  const data: Entry[] =
    dtype === "string"
      ? new Array<Uint8Array>(length)
      : (new NUMERIC_DTYPES[dtype as NumericDType].array(length) as unknown as Entry[]);
  for (let i = 0; i < length; i++) {
    try {
      data[i] = convert(elements[i]);
    } catch (error) {
      (error as Error).message = `element ${i} of ${dtype}: ${(error as Error).message}`;
      throw error;
    }
  }
  return data as unknown as TensorData[D];
}

/** Converts one plain value to an entry of a tensor's data. Throws as `tensor` does for an element. */
export function plainElement(dtype: DType, value: unknown): number | bigint | Uint8Array {
  return CONVERSIONS[dtype](value);
}

/** Returns the function that converts a value to an entry of a dtype. */
export const converterOf = (dtype: DType): Convert => CONVERSIONS[dtype];

const integer = (min: number, max: number): Convert => {
  return (value) => {
    if (typeof value !== "number") throw wrongType("a number", value);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new RangeError(`expected an integer from ${min} to ${max}; got ${value}`);
  };
};

const bigInteger = (min: bigint, max: bigint): Convert => {
  return (value) => {
    if (typeof value !== "number" && typeof value !== "bigint") {
      throw wrongType("a bigint or a number", value);
    }
    const exact = typeof value === "bigint" || Number.isInteger(value) ? BigInt(value) : undefined;
    if (exact !== undefined && exact >= min && exact <= max) return exact;
    throw new RangeError(`expected an integer from ${min} to ${max}; got ${value}`);
  };
};

const beyond = (max: number, received: number) =>
  new RangeError(`expected a number from -${max} to ${max}, or an infinity; got ${received}`);

const float = (round: (value: number) => number, max: number): Convert => {
  return (value) => {
    if (typeof value !== "number") throw wrongType("a number", value);
    const rounded = round(value);
    if (Number.isFinite(rounded) || !Number.isFinite(value)) return rounded;
    throw beyond(max, value);
  };
};

const halfFloat = (format: HalfFloat, max: number): Convert => {
  const infinity = toHalfFloat(Number.POSITIVE_INFINITY, format);
  return (value) => {
    if (typeof value !== "number") throw wrongType("a number", value);
    const bits = toHalfFloat(value, format);
    if ((bits & 0x7fff) !== infinity || !Number.isFinite(value)) return bits;
    throw beyond(max, value);
  };
};

const float32 = float(Math.fround, (2 - 2 ** -23) * 2 ** 127);
const float64 = float((value) => value, Number.MAX_VALUE);

const bool: Convert = (value) => {
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "number") throw wrongType("a boolean, 0 or 1", value);
  if (value === 0 || value === 1) return value;
  throw new RangeError(`expected a boolean, 0 or 1; got ${value}`);
};

const bytes: Convert = (value) => {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") throw wrongType("a string or a Uint8Array", value);
  if (!LONE_SURROGATE.test(value)) return encoder.encode(value);
  throw new RangeError(
    "expected a string that UTF-8 can encode, or a Uint8Array; got half of a surrogate pair",
  );
};

const CONVERSIONS: { readonly [D in DType]: Convert } = {
  float16: halfFloat(FLOAT16, 65_504),
  bfloat16: halfFloat(BFLOAT16, (2 - 2 ** -7) * 2 ** 127),
  float32,
  float64,
  int4: integer(-8, 7),
  int8: integer(-(2 ** 7), 2 ** 7 - 1),
  int16: integer(-(2 ** 15), 2 ** 15 - 1),
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  int64: bigInteger(-(2n ** 63n), 2n ** 63n - 1n),
  uint4: integer(0, 15),
  uint8: integer(0, 2 ** 8 - 1),
  uint16: integer(0, 2 ** 16 - 1),
  uint32: integer(0, 2 ** 32 - 1),
  uint64: bigInteger(0n, 2n ** 64n - 1n),
  bool,
  complex64: float32,
  complex128: float64,
  string: bytes,
  qint8: integer(-(2 ** 7), 2 ** 7 - 1),
  quint8: integer(0, 2 ** 8 - 1),
  qint16: integer(-(2 ** 15), 2 ** 15 - 1),
  quint16: integer(0, 2 ** 16 - 1),
  qint32: integer(-(2 ** 31), 2 ** 31 - 1),
};

function wrongType(expected: string, received: unknown): TypeError {
  if (typeof received === "object" && received !== null) {
    const kind = Object.prototype.toString.call(received).slice(8, -1);
    const hint = ArrayBuffer.isView(received) || Array.isArray(received) ? FLAT : "";
    return new TypeError(`expected ${expected}; got ${kind}${hint}`);
  }
  const got = typeof received === "string" ? JSON.stringify(received.slice(0, 40)) : received;
  return new TypeError(`expected ${expected}; got ${String(got).slice(0, 60)}`);
}

/** The remedy for a nested list in a list that must be flat. */
export const FLAT = "; pass the elements of all dimensions in one flat array";
