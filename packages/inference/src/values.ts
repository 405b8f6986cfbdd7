import type { DType, TensorData } from "./dtype.js";
import type { Shape } from "./signature.js";
import type { Tensor } from "./tensor.js";

interface ElementTypes {
  string: string | Uint8Array;
  int64: bigint | number;
  uint64: bigint | number;
  bool: boolean | number;
}

/** One element of a dtype as a JavaScript value. */
export type ElementOf<D> = D extends keyof ElementTypes ? ElementTypes[D] : number;

/** An array. A typed array is not a `List`: it has no `flat`. */
export interface List<E> {
  readonly length: number;
  readonly [index: number]: E;
  readonly flat: unknown;
}

/** A typed array by its tag. A type error of another typed array names the two tags. */
export interface TypedArray<Tag> {
  readonly [Symbol.toStringTag]: Tag;
  readonly length: number;
  readonly byteLength: number;
  readonly byteOffset: number;
  readonly BYTES_PER_ELEMENT: number;
  readonly set: unknown;
}

/**
 * Arrays that a dtype accepts in addition to its own. They are named by tag so that no `lib` of TypeScript must have
 * them.
 */
interface Tags {
  float16: "Uint16Array" | "Float16Array";
  uint8: "Uint8Array" | "Uint8ClampedArray";
}

type Typed<D extends DType> = D extends "string"
  ? never
  : D extends keyof Tags
    ? TypedArray<Tags[D]>
    : TensorData[D] extends { readonly [Symbol.toStringTag]: infer Tag }
      ? TypedArray<Tag>
      : never;

type Nested<E, S, Row> = S extends readonly [unknown, ...infer Rest]
  ? List<Nested<E, Rest, Row> | (Rest extends readonly [unknown] ? Row : never)>
  : E;

/**
 * The values that convert to a tensor of a dtype and shape: a tensor, the typed array of the dtype, or nested arrays of
 * the rank, of one rank less (one row), or flat. Inputs accept them, and a model may return them. docs/values.md has a
 * table.
 *
 * @example
 * ```ts
 * const image: Values<"float32", [-1, 2]> = [[0, 0.5], [1, 0]];
 * ```
 */
export type Values<D extends DType = DType, S = Shape> =
  | Tensor<D>
  | Typed<D>
  | (S extends readonly [unknown, ...infer Row]
      ?
          | Nested<ElementOf<D>, S, Typed<D>>
          | Nested<ElementOf<D>, Row, Typed<D>>
          | List<ElementOf<D>>
          | (Row extends readonly [unknown, unknown, ...unknown[]] ? List<Typed<D>> : never)
      : S extends readonly []
        ? ElementOf<D>
        : ElementOf<D> | List<unknown>);

/** The values that convert to a tensor if the compiler knows no signature. */
export type AnyValues =
  | Tensor
  | { [D in DType]: Typed<D> }[DType]
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | List<unknown>;
