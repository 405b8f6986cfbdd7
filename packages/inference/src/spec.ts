import type { DType } from "./dtype.js";
import type { Plain } from "./model-type.js";
import type { TensorSpec } from "./signature.js";

/**
 * Returns the spec of a tensor.
 *
 * @param shape The extents, -1 for any; null if not even the rank is known.
 */
export type SpecFactory<D extends DType> = <const S extends readonly number[] | null>(
  shape: S,
) => TensorSpec<D, Plain<S>>;

/** A function for each dtype, and `optional`. */
export interface SpecFactories {
  readonly float16: SpecFactory<"float16">;
  readonly bfloat16: SpecFactory<"bfloat16">;
  readonly float32: SpecFactory<"float32">;
  readonly float64: SpecFactory<"float64">;
  readonly int4: SpecFactory<"int4">;
  readonly int8: SpecFactory<"int8">;
  readonly int16: SpecFactory<"int16">;
  readonly int32: SpecFactory<"int32">;
  readonly int64: SpecFactory<"int64">;
  readonly uint4: SpecFactory<"uint4">;
  readonly uint8: SpecFactory<"uint8">;
  readonly uint16: SpecFactory<"uint16">;
  readonly uint32: SpecFactory<"uint32">;
  readonly uint64: SpecFactory<"uint64">;
  readonly bool: SpecFactory<"bool">;
  readonly complex64: SpecFactory<"complex64">;
  readonly complex128: SpecFactory<"complex128">;
  readonly string: SpecFactory<"string">;
  readonly qint8: SpecFactory<"qint8">;
  readonly quint8: SpecFactory<"quint8">;
  readonly qint16: SpecFactory<"qint16">;
  readonly quint16: SpecFactory<"quint16">;
  readonly qint32: SpecFactory<"qint32">;
  /** Returns the same spec for an input that a call may omit. */
  optional<S extends TensorSpec>(of: S): S & { readonly isOptional: true };
}

const of =
  <D extends DType>(dtype: D): SpecFactory<D> =>
  (shape) => ({ dtype, shape: shape as Plain<typeof shape> });

/**
 * Factories of tensor specs for `defineModel`: `spec.float32([-1, 64])` is `{ dtype: "float32", shape: [-1, 64] }`, and
 * its type has both.
 *
 * @example
 * ```ts
 * const inputs = { image: spec.float32([-1, 64]), weight: spec.optional(spec.float32([])) };
 * ```
 */
export const spec: SpecFactories = {
  float16: of("float16"),
  bfloat16: of("bfloat16"),
  float32: of("float32"),
  float64: of("float64"),
  int4: of("int4"),
  int8: of("int8"),
  int16: of("int16"),
  int32: of("int32"),
  int64: of("int64"),
  uint4: of("uint4"),
  uint8: of("uint8"),
  uint16: of("uint16"),
  uint32: of("uint32"),
  uint64: of("uint64"),
  bool: of("bool"),
  complex64: of("complex64"),
  complex128: of("complex128"),
  string: of("string"),
  qint8: of("qint8"),
  quint8: of("quint8"),
  qint16: of("qint16"),
  quint16: of("quint16"),
  qint32: of("qint32"),
  optional: (one) => ({ ...one, isOptional: true }),
};
