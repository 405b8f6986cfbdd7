import { type DType, NUMERIC_DTYPES, type NumericDType } from "./dtype.js";

type AnyTypedArray = ArrayBufferView & { readonly length: number };

/** Returns the class of an object, such as `Float32Array` or `Set`, including objects of another realm. */
export const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** Formats the kind of a value for a message, without its content: `a Set`, `an Int32Array`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const tag = tagOf(value);
  if (tag === "Object") return "a plain object";
  return /^[AEIO]/.test(tag) ? `an ${tag}` : `a ${tag}`;
}

/** Classes of arrays that hold further dtypes in addition to their own. */
const OTHER_TAGS: { readonly [tag: string]: readonly NumericDType[] } = {
  Float16Array: ["float16"],
  Uint8ClampedArray: ["uint8", "quint8"],
};

/**
 * Returns a typed array as an array of the dtype over the same memory; undefined if it holds another dtype. Accepts
 * arrays of another realm, such as a test runner's.
 */
export function typedArrayOf(
  dtype: NumericDType,
  value: ArrayBufferView,
): AnyTypedArray | undefined {
  const { array } = NUMERIC_DTYPES[dtype];
  const tag = tagOf(value);
  const isOther = Object.hasOwn(OTHER_TAGS, tag) && OTHER_TAGS[tag]?.includes(dtype);
  if (tag !== array.name && !isOther) return undefined;
  const { buffer, byteOffset, length } = value as AnyTypedArray;
  return new array(buffer, byteOffset, length);
}

/** Returns what to write instead of a typed array of another dtype. */
export function conversionOf(dtype: DType, tag: string): string {
  if (dtype === "string") return "pass strings";
  const { name, BYTES_PER_ELEMENT } = NUMERIC_DTYPES[dtype]
    .array as unknown as Uint8ArrayConstructor;
  const [isBig, wasBig] = [name.startsWith("Big"), tag.startsWith("Big")];
  const from = isBig === wasBig ? "it" : `[...it], ${isBig ? "BigInt" : "Number"}`;
  if (tag !== "Uint8Array") return `if its numbers are meant, pass ${name}.from(${from})`;
  const view = `new ${name}(it.buffer, it.byteOffset, it.byteLength / ${BYTES_PER_ELEMENT})`;
  return `if each byte is a number, pass ${name}.from(${from}); if they are the bytes of ${dtype}, ${view}`;
}
