import { type Extent, isSame, literal, numberOf, OPEN, product, quotient } from "./extent.js";
import { refused } from "./reduce.js";
import {
  axisOf,
  countsRows,
  type FixedValue,
  fixed,
  isFixed,
  isRows,
  mixed,
  type RowsValue,
  type RowValue,
  rowExtent,
  rows,
} from "./row-value.js";

/** A reshape to known extents; undefined marks the extent that is inferred. */
export function reshape(value: RowValue, to: readonly (Extent | undefined)[]): RowValue {
  if (isFixed(value)) {
    const shape = to.map((extent) => extent ?? OPEN);
    if (shape.some((extent) => extent.countsRows))
      return mixed("a constant gets the extent of rows");
    return fixed(shape, value.elements);
  }
  if (!isRows(value)) return refused(value);
  // Elements keep their order, so the axes before the row axis must stay, and the row axis must have an extent of k n.
  const { axis, shape } = value;
  const isFirst = shape.slice(0, axis).every((extent) => numberOf(extent) === 1);
  const place = isFirst ? to.findIndex((extent) => !extent || numberOf(extent) !== 1) : axis;
  for (let i = 0; i < axis && !isFirst; i++) {
    const extent = to[i];
    if (extent === undefined || !isSame(extent, shape[i] as Extent)) {
      return mixed("it joins rows with an axis before them");
    }
  }
  const filled = filledIn(shape.slice(axis), to, place);
  const result = filled && rows(place, filled);
  return result && isRows(result) ? result : mixed("it does not keep the axis of the rows");
}

/**
 * Returns the extents after a reshape, including the inferred one; undefined if the reshape does not keep rows apart.
 */
function filledIn(
  fromRows: readonly Extent[],
  to: readonly (Extent | undefined)[],
  axis: number,
): readonly Extent[] | undefined {
  if (to.indexOf(undefined) !== axis) return to.map((extent) => extent ?? OPEN);
  const all = product(fromRows);
  const inner = product(to.slice(axis + 1) as Extent[]);
  const left = all && inner && quotient(all, inner);
  return left && to.map((extent) => extent ?? left);
}

/** A transpose. */
export function transpose(value: RowValue, order: readonly number[] | undefined): RowValue {
  if (!isRows(value)) return refused(value);
  if (order?.length !== value.shape.length) return mixed("the order of the axes is not known");
  const shape = order.map((axis) => value.shape[axis] ?? OPEN);
  return rows(order.indexOf(value.axis), shape);
}

/** Inserts an axis of extent 1 at `axis`. */
export function expand(value: RowValue, axis: number | undefined): RowValue {
  if (axis === undefined) return mixed("the new axis is not known");
  if (!isRows(value) && !isFixed(value)) return refused(value);
  if (value.shape === undefined) return fixed(undefined);
  const place = axisOf(axis, value.shape.length + 1);
  if (place === undefined) return mixed("the new axis has no place");
  const shape = [...value.shape.slice(0, place), literal(1), ...value.shape.slice(place)];
  if (isFixed(value)) return fixed(shape, value.elements);
  return rows(value.axis + (place <= value.axis ? 1 : 0), shape);
}

/** Removes axes of extent 1. */
export function squeeze(value: RowValue, axes: readonly number[] | undefined): RowValue {
  if (!isRows(value) && !isFixed(value)) return refused(value);
  const { shape } = value;
  if (shape === undefined) return fixed(undefined);
  const removed = new Set(axes?.map((axis) => axisOf(axis, shape.length)));
  const left = shape.filter((_, axis) => !removed.has(axis));
  if (isFixed(value)) return axes ? fixed(left, value.elements) : fixed(undefined, value.elements);
  // With one row, the axis of the rows also has an extent of 1.
  if (axes === undefined || removed.has(value.axis))
    return mixed("it may remove the axis of the rows");
  const before = [...removed].filter((axis) => (axis as number) < value.axis).length;
  return rows(value.axis - before, left);
}

/** Joins values along an axis. */
export function concat(values: readonly RowValue[], axis: number | undefined): RowValue {
  if (values.every(isFixed)) return fixed(concatShape(values, axis), concatElements(values));
  const other = values.find((value) => !isRows(value));
  if (other !== undefined) {
    const result = refused(other);
    return result.kind === "mixed" ? result : mixed("it joins rows and constants");
  }
  const parts = values as readonly RowsValue[];
  const [first] = parts as [RowsValue];
  const place = axis === undefined ? undefined : axisOf(axis, first.shape.length);
  if (place === undefined) return mixed("the axis is not known");
  if (place === first.axis) return mixed("it joins values along the rows");
  if (!areAligned(parts)) return mixed("the rows of its operands are at different axes");
  const extents = parts.map(({ shape }) => numberOf(shape[place] ?? OPEN));
  const sum = extents.reduce<number | undefined>(
    (all, one) => (all === undefined || one === undefined ? undefined : all + one),
    0,
  );
  const joined = sum === undefined ? OPEN : literal(sum);
  return rows(
    first.axis,
    first.shape.map((extent, i) => (i === place ? joined : extent)),
  );
}

/** Stacks values along a new axis. */
export function pack(values: readonly RowValue[], axis: number): RowValue {
  const parts = values.map((value) => expand(value, axis));
  return values.length === 1 ? (parts[0] as RowValue) : concat(parts, axis);
}

/** Returns whether values have their rows at the same axis, and the same number of rows. */
export function areAligned([first, ...others]: readonly RowsValue[]): boolean {
  return (
    first !== undefined &&
    others.every(
      (value) =>
        value.axis === first.axis &&
        value.shape.length === first.shape.length &&
        isSame(rowExtent(value), rowExtent(first)),
    )
  );
}

function concatShape(values: readonly FixedValue[], axis: number | undefined) {
  const [first] = values;
  if (first?.shape === undefined || axis === undefined) return undefined;
  const place = axisOf(axis, first.shape.length);
  return first.shape.map((extent, i) => (i === place ? OPEN : extent));
}

/** Concatenates the integers of vectors, if all are known. */
function concatElements(values: readonly FixedValue[]): readonly Extent[] | undefined {
  const isKnown = values.every(({ elements, shape }) => elements && (shape?.length ?? 2) <= 1);
  return isKnown ? values.flatMap(({ elements = [] }) => elements) : undefined;
}

/** Repeats a value along each axis by the given count. */
export function tile(value: RowValue, times: readonly Extent[] | undefined): RowValue {
  if (value.kind === "mixed" || value.kind === "list" || value.kind === "handle")
    return refused(value);
  if (countsRows(value)) return mixed("the number of rows is an operand");
  const { shape } = value;
  if (shape === undefined || times?.length !== shape.length) {
    return mixed("it is not known how often it repeats");
  }
  const repeated = shape.map((extent, i) => product([extent, times[i] as Extent]) ?? OPEN);
  const axis = times.findIndex((extent) => extent.countsRows);
  if (isRows(value)) {
    const isKept = numberOf(times[value.axis] as Extent) === 1;
    return isKept ? rows(value.axis, repeated) : mixed("it repeats the rows");
  }
  return axis === -1 ? fixed(repeated) : rows(axis, repeated);
}

/** Broadcasts a value to a shape. */
export function broadcastTo(value: RowValue, to: readonly Extent[] | undefined): RowValue {
  if (value.kind === "mixed" || value.kind === "list" || value.kind === "handle")
    return refused(value);
  if (countsRows(value)) return mixed("the number of rows is an operand");
  if (to === undefined || value.shape === undefined) return mixed("its shape is not known");
  const axis = to.findIndex((extent) => extent.countsRows);
  const own = axis - (to.length - value.shape.length);
  if (isRows(value)) {
    const isKept = own === value.axis && isSame(to[axis] as Extent, rowExtent(value));
    return isKept ? rows(axis, to) : mixed("it does not keep the axis of the rows");
  }
  if (axis === -1) return fixed(to);
  const extent = own < 0 ? literal(1) : (value.shape[own] as Extent);
  return numberOf(extent) === 1
    ? rows(axis, to)
    : mixed("a constant has an extent where the rows are");
}
