import { type AbstractTensor, integerRange } from "./abstract-tensor.js";
import { isUniform, knownValues } from "./elements.js";
import { type Extent, elementsOf, isKnown, listLength, MAX_RANK, unknownExtent } from "./extent.js";

/** Returns an axis counted from the front; undefined if it does not exist. */
export function axisOf(axis: number, rank: number): number | undefined {
  const result = axis < 0 ? axis + rank : axis;
  return result >= 0 && result < rank ? result : undefined;
}

/**
 * Returns the known values of an integer operand, such as a constant. Undefined for floats, which a damaged file can
 * have instead of axes.
 */
export const numbersOf = (tensor: AbstractTensor): readonly number[] | undefined => {
  const known = knownValues(tensor.elements);
  const count = elementsOf(tensor.shape);
  if (known === undefined || !isKnown(count) || integerRange(tensor.type) === undefined) {
    return undefined;
  }
  if (count.lo === known.length) return Array.from(known);
  const isOneForAll = known.length === 1 && count.lo <= 8;
  return isOneForAll ? Array.from({ length: count.lo }, () => known[0] as number) : undefined;
};

/** Returns the ranges of the elements of a list of extents. */
export function rangesOf(operand: AbstractTensor, rank: number | undefined): Extent[] | undefined {
  const count = operand.shape?.[0];
  const { lo, hi } = operand.elements;
  if (isUniform(operand.elements) && count === undefined) {
    return rank === undefined ? undefined : Array.from({ length: rank }, unknownExtent);
  }
  const length = count !== undefined && isKnown(count) ? listLength([count]) : lo.length;
  if (length === undefined || length > MAX_RANK) return undefined;
  return Array.from({ length }, (_, i) => {
    const at = lo.length === 1 ? 0 : i;
    return { lo: lo[at] as number, hi: hi[at] as number };
  });
}
