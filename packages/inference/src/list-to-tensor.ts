import { messageOf } from "@serving-kit/core";
import { type DType, NUMERIC_DTYPES, type NumericDType } from "./dtype.js";
import { errors } from "./errors.js";
import { type Convert, converterOf, FLAT } from "./plain-elements.js";
import type { TensorSpec } from "./signature.js";
import { elementCount, type Tensor } from "./tensor.js";
import { kindOf, typedArrayOf } from "./typed-array.js";
import { countOf, type Measured, shapeOfList } from "./value-shape.js";

/** Maximum number of levels: the maximum rank that TensorFlow supports. A cyclic list has more. */
const MAX_LEVELS = 254;

/** Converts one element, or nested lists of elements and typed arrays, to a tensor: W2 to W6 of `toTensor`. */
export function listToTensor(value: unknown, spec: TensorSpec, name: string): Tensor {
  const { dtype } = spec;
  const isComplex = dtype === "complex64" || dtype === "complex128";
  // A complex element is a list of two numbers.
  const shape = isComplex && spec.shape !== null ? [...spec.shape, 2] : spec.shape;
  const measured = measure(value, spec, name);
  const extents = shapeOfList(shape, measured, dtype, name);
  if (isComplex && extents.at(-1) !== 2) {
    throw errors.complexPairs(name, spec, extents);
  }
  const { levels, typedLength } = measured;
  const own = typedLength === undefined ? levels : [...levels, typedLength];
  const count = measured.isEmpty ? 0 : countOf(own);
  const data: Entries =
    dtype === "string"
      ? new Array<Uint8Array>(count)
      : (new NUMERIC_DTYPES[dtype as NumericDType].array(count) as unknown as Entries);
  if (measured.isEmpty) checkEmpty(value, levels, name);
  else new Filling(name, spec, own, data).add(value, 0);
  return {
    dtype,
    shape: isComplex ? extents.slice(0, -1) : extents,
    data: data as unknown as Tensor["data"],
  };
}

type Entries = (number | bigint | Uint8Array)[];

/** Measures nested lists by their first elements. */
function measure(value: unknown, spec: TensorSpec, name: string): Measured {
  const levels: number[] = [];
  let one = value;
  while (Array.isArray(one)) {
    if (levels.length === MAX_LEVELS) throw errors.tensorInvalid(name, TOO_DEEP);
    levels.push(one.length);
    if (one.length === 0) return { levels, typedLength: undefined, isEmpty: true };
    one = one[0];
  }
  const typedLength = isTyped(one, spec.dtype) ? typedOf(one, spec, name).length : undefined;
  return { levels, typedLength, isEmpty: typedLength === 0 };
}

const TOO_DEEP = `must have at most ${MAX_LEVELS} levels of lists; got more, or a list that contains itself`;

const isTyped = (value: unknown, dtype: DType): value is ArrayBufferView =>
  dtype !== "string" && ArrayBuffer.isView(value);

function typedOf(value: ArrayBufferView, spec: TensorSpec, name: string): Entries {
  const dtype = spec.dtype as NumericDType;
  if (value instanceof NUMERIC_DTYPES[dtype].array) return value as unknown as Entries;
  const typed = typedArrayOf(dtype, value);
  if (typed) return typed as unknown as Entries;
  throw errors.typedArrayMismatch(name, spec, value);
}

/** Fails if a list whose first elements are empty has other elements. */
function checkEmpty(value: unknown, levels: readonly number[], name: string, at = ""): void {
  if (!Array.isArray(value)) return;
  const [, extent = 0, ...rest] = levels;
  for (let i = 0; i < value.length; i++) {
    const one: unknown = value[i];
    const isList = Array.isArray(one) || ArrayBuffer.isView(one);
    if (!isList || lengthOf(one) !== extent) {
      throw errors.listRagged(name, `${at}[${i}]`, extent, shownOf(one));
    }
    checkEmpty(one, [extent, ...rest], name, `${at}[${i}]`);
  }
}

const lengthOf = (list: unknown) => (list as { readonly length?: unknown }).length;

/** Formats a list by its length, any other value by itself. */
function shownOf(value: unknown): string {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `${lengthOf(value)}`;
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "object" || typeof value === "function"
    ? kindOf(value)
    : String(value).slice(0, 60);
}

/** Writes the elements of nested lists of known extents in row-major order. */
class Filling {
  readonly #name: string;
  readonly #spec: TensorSpec;
  readonly #extents: readonly number[];
  readonly #data: Entries;
  readonly #convert: Convert;
  readonly #widths: readonly number[];
  #offset = 0;

  constructor(name: string, spec: TensorSpec, extents: readonly number[], data: Entries) {
    this.#name = name;
    this.#spec = spec;
    this.#extents = extents;
    this.#data = data;
    this.#convert = converterOf(spec.dtype);
    this.#widths = extents.map((_, depth) => elementCount(extents.slice(depth)));
  }

  add(value: unknown, depth: number): void {
    if (depth === this.#extents.length) this.#addElement(value);
    else if (isTyped(value, this.#spec.dtype)) this.#addTyped(value, depth);
    else this.#addList(value, depth);
  }

  #addList(value: unknown, depth: number): void {
    const extent = this.#extents[depth] as number;
    if (!Array.isArray(value) || value.length !== extent) throw this.#ragged(depth, extent, value);
    for (let i = 0; i < extent; i++) this.add(value[i], depth + 1);
  }

  #addElement(value: unknown): void {
    try {
      this.#data[this.#offset] = this.#convert(value);
    } catch (error) {
      const at = this.#path(this.#extents.length);
      const problem = messageOf(error).replace(FLAT, "");
      throw errors.elementInvalid(this.#name, at, problem, remedyFor(this.#spec.dtype, value));
    }
    this.#offset++;
  }

  #addTyped(value: ArrayBufferView, depth: number): void {
    const width = this.#widths[depth] as number;
    const typed = typedOf(value, this.#spec, this.#name);
    if (typed.length !== width) throw this.#ragged(depth, width, value);
    (this.#data as unknown as Float32Array).set(typed as unknown as Float32Array, this.#offset);
    this.#offset += width;
  }

  #ragged(depth: number, expected: number, value: unknown): Error {
    return errors.listRagged(this.#name, this.#path(depth), expected, shownOf(value));
  }

  /** The indices of the next element, such as `[1][0]`. */
  #path(depth: number): string {
    const indices = this.#extents.slice(0, depth).map((extent, i) => {
      return Math.floor(this.#offset / (this.#widths[i + 1] ?? 1)) % extent;
    });
    return indices.map((index) => `[${index}]`).join("");
  }
}

/** Returns what to write instead of an element that the dtype does not accept. */
function remedyFor(dtype: DType, value: unknown): string {
  if (value === null) return "write a number for a missing value, such as NaN";
  if (value === undefined) return "fill the hole";
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return "write lists of equal depth";
  if (dtype === "string") return "write String(it), or its bytes";
  if (typeof value === "string" || typeof value === "bigint") return "write Number(it)";
  if (typeof value === "boolean") return "write 1 or 0";
  if (typeof value !== "number") return "write a number";
  if (dtype === "bool") return "write true or false";
  if (/int/.test(dtype) && !Number.isInteger(value)) return "round it, such as with Math.round";
  return "clip it to these limits";
}
