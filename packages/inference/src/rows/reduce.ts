import { type Extent, literal, OPEN } from "./extent.js";
import { axisOf, fixed, isRows, mixed, type RowValue, rows } from "./row-value.js";

/** A reduction: one element computed from all elements along some axes. */
export function reduce(
  value: RowValue,
  axes: readonly number[] | undefined,
  keepsAxes: boolean,
): RowValue {
  if (value.kind === "fixed" && !value.elements?.some(({ countsRows }) => countsRows)) {
    return fixed(value.shape && axes && reducedShape(value.shape, axes, keepsAxes));
  }
  if (!isRows(value)) return refused(value);
  if (axes === undefined) return mixed("the axes that it reduces are not known");
  const reduced = reducedAxes(axes, value.shape.length);
  if (reduced === undefined) return mixed("an axis that it reduces is not there");
  if (reduced.has(value.axis)) return mixed("it reduces the rows");
  const before = keepsAxes ? 0 : [...reduced].filter((axis) => axis < value.axis).length;
  return rows(value.axis - before, reducedShape(value.shape, axes, keepsAxes) ?? []);
}

/** An operation that computes each element from all elements along some axes, such as softmax. */
export function along(value: RowValue, axes: readonly number[] | undefined): RowValue {
  if (!isRows(value)) return refused(value);
  if (axes === undefined) return mixed("the axes along which it computes are not known");
  const used = reducedAxes(axes, value.shape.length);
  if (used === undefined) return mixed("an axis along which it computes is not there");
  return used.has(value.axis) ? mixed("it computes along the rows") : value;
}

/** Same as `along`, but the extents along these axes change independently of the rows. */
export function resized(value: RowValue, axes: readonly number[] | undefined): RowValue {
  const kept = along(value, axes);
  if (!isRows(kept) || axes === undefined) return kept;
  const changed = reducedAxes(axes, kept.shape.length);
  return rows(
    kept.axis,
    kept.shape.map((extent, axis) => (changed?.has(axis) ? OPEN : extent)),
  );
}

/** Returns the result for a value that has no rows. */
export function refused(value: RowValue): RowValue {
  if (value.kind === "mixed") return value;
  if (value.kind === "rows")
    return mixed("an operand has rows that must be the same for all of them");
  if (value.kind !== "fixed") return mixed("an operand is a list or a handle");
  if (value.elements?.some(({ countsRows }) => countsRows)) {
    return mixed("the number of rows is an operand");
  }
  return fixed(undefined);
}

function reducedAxes(axes: readonly number[], rank: number): ReadonlySet<number> | undefined {
  const known = axes.map((axis) => axisOf(axis, rank));
  return known.includes(undefined) ? undefined : new Set(known as number[]);
}

function reducedShape(
  shape: readonly Extent[],
  axes: readonly number[],
  keepsAxes: boolean,
): readonly Extent[] | undefined {
  const reduced = reducedAxes(axes, shape.length);
  if (reduced === undefined) return undefined;
  return keepsAxes
    ? shape.map((extent, axis) => (reduced.has(axis) ? literal(1) : extent))
    : shape.filter((_, axis) => !reduced.has(axis));
}
