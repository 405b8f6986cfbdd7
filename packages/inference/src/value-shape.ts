import type { DType } from "./dtype.js";
import { errors } from "./errors.js";
import type { Shape } from "./signature.js";
import { elementCount } from "./tensor.js";

/**
 * Returns the shape that `count` elements fill, of which at most one extent is unknown.
 *
 * @throws ServingError INVALID_ARGUMENT / TENSOR_SHAPE_MISMATCH if two are unknown, or the count does not fit.
 */
export function filled(shape: Shape, count: number, dtype: DType, name: string): readonly number[] {
  if (shape === null) return [count];
  let unknown = -1;
  let known = 1;
  for (let i = 0; i < shape.length; i++) {
    const extent = shape[i] as number;
    if (extent !== -1) known *= extent;
    else if (unknown === -1) unknown = i;
    else throw errors.extentsUnknown(name, dtype, shape, count);
  }
  const extent = known === 0 ? 0 : count / known;
  if (unknown === -1 ? count !== known : !Number.isInteger(extent) || extent * known !== count) {
    throw errors.countMismatch(name, dtype, shape, count);
  }
  if (unknown === -1) return shape.slice();
  const extents = shape.slice();
  extents[unknown] = extent;
  return extents;
}

/** The levels of a nested list, measured by its first elements. */
export interface Measured {
  /** The length of each level of lists. */
  readonly levels: readonly number[];
  /** The length of the typed array at the end; undefined if there is none. */
  readonly typedLength: number | undefined;
  /** True if the last level is empty. */
  readonly isEmpty: boolean;
}

/**
 * Returns the shape of a nested list, by W2 to W5 of `toTensor`.
 *
 * @throws ServingError INVALID_ARGUMENT / TENSOR_SHAPE_MISMATCH if the list has no valid shape.
 */
export function shapeOfList(
  shape: Shape,
  { levels, typedLength, isEmpty }: Measured,
  dtype: DType,
  name: string,
): readonly number[] {
  const own = typedLength === undefined ? levels : [...levels, typedLength];
  if (shape === null) return own;
  const rank = shape.length;
  const isOneRow = rank > 0 && (shape[0] === -1 || shape[0] === 1);
  if (typedLength !== undefined) {
    const inBatch = rows(shape, levels, typedLength);
    if (inBatch) return inBatch;
    const inRow = isOneRow ? rows(shape.slice(1), levels, typedLength) : undefined;
    if (inRow && fits(shape.slice(1), inRow)) return [1, ...inRow];
    throw errors.nestingMismatch(name, dtype, shape, own);
  }
  if (levels.length === 1) return filled(shape, levels[0] as number, dtype, name);
  if (levels.length === rank) return own;
  if (levels.length === rank - 1 && isOneRow) return [1, ...own];
  // The lists of an empty batch end before the rank does.
  if (isEmpty && levels.length < rank && !shape.slice(levels.length).includes(-1)) {
    return [...levels, ...shape.slice(levels.length)];
  }
  throw errors.nestingMismatch(name, dtype, shape, own);
}

/** Returns the shape of lists of typed arrays, each of which fills the rest of the shape; undefined if they do not. */
function rows(shape: readonly number[], levels: readonly number[], length: number) {
  const rest = shape.slice(levels.length);
  if (rest.length === 0) return undefined;
  const known = rest.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const unknown = rest.filter((extent) => extent === -1).length;
  if (unknown > 1) return undefined;
  const extent = known === 0 ? 0 : length / known;
  if (unknown === 0 ? length !== known : !Number.isInteger(extent) || extent * known !== length) {
    return undefined;
  }
  return [...levels, ...rest.map((one) => (one === -1 ? extent : one))];
}

const fits = (shape: readonly number[], own: readonly number[]) =>
  shape.length === own.length && shape.every((extent, i) => extent === -1 || extent === own[i]);

/** Maximum number of elements of nested lists: the maximum length of an array in V8. */
export const MAX_LIST_ELEMENTS = 2 ** 27;

/** Returns the number of elements of nested lists. Throws RangeError above 2^27. */
export function countOf(extents: readonly number[]): number {
  const count = elementCount(extents);
  if (count <= MAX_LIST_ELEMENTS) return count;
  throw new RangeError(
    `lists have at most ${MAX_LIST_ELEMENTS} elements; got [${extents}]; pass a typed array`,
  );
}
