import { TextFormatError } from "./text-format-error.js";
import type { TextToken, TextTokens } from "./text-tokens.js";
import { enumOf, type TextEnum, type TextField } from "./text-type.js";

/** Converts the decimal digits of a 64-bit integer. */
export type ToLong = (digits: string, isUnsigned: boolean) => unknown;

/** The part of a field that describes its scalar. */
export type ScalarField = Pick<TextField, "fullName" | "type" | "resolvedType">;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Hexadecimal, octal or decimal. */
const NUMERAL = /^(?:0[xX][\da-fA-F]+|0[0-7]+|0|[1-9]\d*)$/;
const INTEGER = /^(s|u)?(?:int|fixed)(32|64)$/;

/**
 * Reads a value that is not a message: a number, a boolean, the number of an enum's value, a string or a `Buffer`.
 *
 * @throws TextFormatError
 */
export function readScalar(tokens: TextTokens, field: ScalarField, toLong: ToLong): unknown {
  if (field.type === "string" || field.type === "bytes") return readString(tokens, field);
  const isNegative = tokens.skip("-");
  const token = tokens.take();
  if (token.kind === "end") throw new TextFormatError("expected value", token.line);
  const values = enumOf(field);
  if (values !== undefined) return enumValue(values, field, token, isNegative);
  if (field.type === "bool") return boolean(token, isNegative);
  if (field.type === "double" || field.type === "float") return float(token, isNegative);
  const { isUnsigned, bits } = integerType(field.type);
  const value = integer(token, isNegative, isUnsigned, bits);
  return bits === 64n ? toLong(value.toString(), isUnsigned) : Number(value);
}

/** The value of a map's entry without one, for types other than messages. */
export function defaultScalar(field: ScalarField, toLong: ToLong): unknown {
  if (field.type === "string") return "";
  if (field.type === "bytes") return Buffer.alloc(0);
  if (field.type === "bool") return false;
  const values = enumOf(field);
  if (values !== undefined) return Object.values(values.values)[0] ?? 0;
  const { isUnsigned, bits } = integerType(field.type);
  return bits === 64n ? toLong("0", isUnsigned) : 0;
}

function integerType(type: string): { isUnsigned: boolean; bits: bigint } {
  const [, prefix, bits] = INTEGER.exec(type) ?? [];
  // Of the types without prefix, `fixed32` and `fixed64` are unsigned.
  const isUnsigned = prefix === "u" || (prefix === undefined && type.startsWith("fixed"));
  return { isUnsigned, bits: BigInt(bits ?? 32) };
}

/** Adjacent strings form one string. */
function readString(tokens: TextTokens, field: ScalarField): string | Buffer {
  const { line, bytes: first } = tokens.take();
  if (first === undefined) throw new TextFormatError("expected string", line);
  const parts = [first];
  while (tokens.peek().kind === "string") parts.push(tokens.take().bytes as Buffer);
  const bytes = parts.length === 1 ? first : Buffer.concat(parts);
  if (field.type === "bytes") return bytes;
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new TextFormatError("invalid UTF-8 string", line);
  }
}

/** Any number is valid: an enum may have values that this schema does not know. */
function enumValue(
  { values }: TextEnum,
  { fullName }: ScalarField,
  token: TextToken,
  isNegative: boolean,
): number {
  if (token.kind === "number") return Number(integer(token, isNegative, false, 32n));
  const value = Object.hasOwn(values, token.text) ? values[token.text] : undefined;
  if (value !== undefined && !isNegative) return value;
  throw new TextFormatError(`${fullName}: enum value expected`, token.line);
}

const BOOLEANS = new Map([
  ...["true", "True", "t"].map((word) => [word, true] as const),
  ...["false", "False", "f"].map((word) => [word, false] as const),
]);

function boolean(token: TextToken, isNegative: boolean): boolean {
  const isNumber = token.kind === "number" && !isNegative;
  const number = isNumber ? integer(token, false, true, 32n) : undefined;
  const value = isNumber ? [false, true][Number(number)] : BOOLEANS.get(token.text);
  if (value !== undefined && !isNegative) return value;
  throw new TextFormatError("bool value expected", token.line);
}

function float({ kind, text, line }: TextToken, isNegative: boolean): number {
  const sign = isNegative ? -1 : 1;
  if (kind === "word" && /^inf(inity)?$/i.test(text)) return sign * Number.POSITIVE_INFINITY;
  if (kind === "word" && /^nan$/i.test(text)) return Number.NaN;
  // Hexadecimal and octal integers are not floats.
  const isFloat = kind === "number" && !/^0[xX0-7]/.test(text);
  if (!isFloat) throw new TextFormatError("float value expected", line);
  return sign * Number(text.replace(/[fF]$/, ""));
}

function integer(
  { kind, text, line }: TextToken,
  isNegative: boolean,
  isUnsigned: boolean,
  bits: bigint,
): bigint {
  const what = `${isUnsigned ? "unsigned " : ""}integer value`;
  if (kind !== "number" || !NUMERAL.test(text)) {
    throw new TextFormatError("integer value expected", line);
  }
  if (isNegative && isUnsigned) throw new TextFormatError(`${what} expected`, line);
  const radix = /^0[xX]/.test(text) ? "0x" : /^0./.test(text) ? "0o" : "";
  const digits = text.slice(radix === "0o" ? 1 : radix.length).replace(/^0+(?=.)/, "");
  // The length bounds the work: the longest integer of 64 bits has 22 octal digits.
  const magnitude = digits.length > 22 ? undefined : BigInt(`${radix}${digits}`);
  const value = magnitude === undefined ? undefined : isNegative ? -magnitude : magnitude;
  const max = 1n << (isUnsigned ? bits : bits - 1n);
  if (value !== undefined && value < max && value >= (isUnsigned ? 0n : -max)) return value;
  throw new TextFormatError(`${what} out of range`, line);
}
