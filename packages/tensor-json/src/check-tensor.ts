import type { ServingError } from "@serving-kit/core";
import type { DType } from "@serving-kit/inference";
import { base64At, isBase64Object } from "./base64.js";
import { errors } from "./errors.js";
import { dtypeName, isDoubleDType, isJsonDType, NUMBER_RANGES } from "./json-dtypes.js";
import { CHAR, latin1, skipSpace, typeAt } from "./json-text.js";
import { skipValue } from "./json-value.js";
import { isIntegerToken, numberOf, valueText } from "./json-walk.js";

/** The shape and number of elements of a value, or its first error. */
export interface CheckedTensor {
  readonly shape: readonly number[];
  readonly size: number;
  readonly error?: ServingError;
}

/**
 * Checks the JSON value at `at` in the order in which TF Serving fills a tensor: the first element of each list
 * determines the shape; then the size of each list is checked before its elements.
 */
export function checkTensor(bytes: Uint8Array, at: number, dtype: DType): CheckedTensor {
  const shape: number[] = [];
  measure(bytes, at, shape, 0);
  const filling: Filling = { bytes, dtype, shape, size: 0, error: undefined };
  fill(filling, at, 0);
  const { size, error } = filling;
  return error === undefined ? { shape, size } : { shape, size, error };
}

/** Measures the size of each list along the first elements. Returns the position after the value. */
function measure(bytes: Uint8Array, at: number, shape: number[], level: number): number {
  if (bytes[at] !== CHAR.openArray) return skipValue(bytes, at);
  shape[level] = 0;
  let size = 0;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CHAR.closeArray) {
    const end = size === 0 ? measure(bytes, at, shape, level + 1) : skipValue(bytes, at);
    size++;
    at = skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at = skipSpace(bytes, at + 1);
  }
  shape[level] = size;
  return at + 1;
}

interface Filling {
  readonly bytes: Uint8Array;
  readonly dtype: DType;
  readonly shape: readonly number[];
  size: number;
  error: ServingError | undefined;
}

/**
 * Visits the value at `at` and returns the position after it. After an error, the remaining elements of each enclosing
 * list are only counted, because a wrong list size counts as the earlier error. One pass suffices.
 */
function fill(filling: Filling, at: number, level: number): number {
  const { bytes, shape } = filling;
  if (bytes[at] !== CHAR.openArray) {
    const end = skipValue(bytes, at);
    filling.error = leafError(filling, at, end, level);
    if (filling.error === undefined) filling.size++;
    return end;
  }
  if (level >= shape.length) {
    filling.error = errors.requestUnfit(
      `Encountered list at unexpected level: ${level} expected < ${shape.length}`,
    );
    return skipValue(bytes, at);
  }
  let size = 0;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] !== CHAR.closeArray) {
    const end = filling.error ? skipValue(bytes, at) : fill(filling, at, level + 1);
    size++;
    at = skipSpace(bytes, end);
    if (bytes[at] === CHAR.comma) at = skipSpace(bytes, at + 1);
  }
  if (size !== shape[level]) {
    filling.error = errors.requestUnfit(
      `Encountered list at unexpected size: ${size} at level: ${level} expected size: ${shape[level]}`,
    );
  }
  return at + 1;
}

function leafError(
  { bytes, dtype, shape }: Filling,
  start: number,
  end: number,
  level: number,
): ServingError | undefined {
  const text = () => valueText(bytes, start, end);
  const type = typeAt(bytes, start);
  if (level !== shape.length) {
    return errors.jsonUnfit(
      text(),
      `found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${shape.length}`,
    );
  }
  const wrongType = () => errors.jsonWrongType(text(), type, dtypeName(dtype));
  if (type === "Object") {
    if (dtype !== "string") return wrongType();
    if (isBase64Object(bytes, start)) return base64Error(bytes, start);
    return errors.jsonUnfit(text(), "not formatted correctly for base64 data");
  }
  if (!isJsonDType(dtype)) return errors.jsonUnsupportedDtype(text(), dtypeName(dtype));
  if (dtype === "string") return type === "String" ? undefined : wrongType();
  if (dtype === "bool") return type === "True" || type === "False" ? undefined : wrongType();
  if (type !== "Number") return wrongType();
  const token = latin1(bytes, start, end);
  if (!isDoubleDType(dtype)) return isInt64(token, dtype) ? undefined : wrongType();
  const { integersOnly, min, max } = NUMBER_RANGES[dtype];
  if (!integersOnly) return undefined;
  const value = numberOf(bytes, start, end);
  return isIntegerToken(token) && value >= min && value <= max ? undefined : wrongType();
}

function base64Error(bytes: Uint8Array, at: number): ServingError | undefined {
  try {
    base64At(bytes, at);
    return undefined;
  } catch (error) {
    return error as ServingError;
  }
}

function isInt64(token: string, dtype: "int64" | "uint64"): boolean {
  if (!isIntegerToken(token)) return false;
  const value = BigInt(token);
  return dtype === "int64" ? value < 2n ** 63n : value >= 0n;
}
