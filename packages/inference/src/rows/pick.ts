import { type Extent, isSame, literal, OPEN } from "./extent.js";
import { areAligned } from "./rearrange.js";
import { refused } from "./reduce.js";
import {
  axisOf,
  countsRows,
  fixed,
  isFixed,
  isRows,
  mixed,
  type RowValue,
  rowExtent,
  rows,
} from "./row-value.js";

/**
 * The part of an axis that a slice takes: all of it, some of it, one index whose axis is removed, or a new axis that is
 * not in the value.
 */
export type AxisPart = "all" | "some" | "one" | "new";

/** A slice, with one part for each axis of the value and for each new axis. Trailing axes are taken whole. */
export function slice(value: RowValue, parts: readonly AxisPart[]): RowValue {
  if (!isRows(value) && !isFixed(value)) return refused(value);
  if (countsRows(value)) return mixed("the number of rows is an operand");
  if (value.shape === undefined) return fixed(undefined);
  const rest = value.shape.length - parts.filter((part) => part !== "new").length;
  if (rest < 0) return mixed("it slices more axes than there are");
  const all = [...parts, ...Array<AxisPart>(rest).fill("all")];
  const shape: Extent[] = [];
  let axis = 0;
  let place = -1;
  for (const part of all) {
    if (part === "new") shape.push(literal(1));
    else {
      if (isRows(value) && axis === value.axis) {
        if (part !== "all") return mixed("it takes some of the rows");
        place = shape.length;
      }
      const extent = value.shape[axis++] as Extent;
      if (part !== "one") shape.push(part === "all" ? extent : OPEN);
    }
  }
  return isRows(value) ? rows(place, shape) : fixed(shape);
}

/** Takes slices of `data` along an axis by indices. The first `batchAxes` axes of both are iterated in parallel. */
export function gather(
  data: RowValue,
  indices: RowValue,
  axis: number | undefined,
  batchAxes = 0,
): RowValue {
  for (const value of [data, indices]) {
    if (value.kind === "mixed") return value;
    if (value.kind === "list" || countsRows(value)) return refused(value);
  }
  const shape = "shape" in data ? data.shape : undefined;
  if (isRows(indices)) {
    if (batchAxes > 0) return gatherInRows(data, indices, axis, batchAxes);
    if (isRows(data)) return mixed("it takes from all rows by indices of a row");
    if (axis === 0) return rows(indices.axis, [...indices.shape, ...(shape?.slice(1) ?? [])]);
    if (shape === undefined || axis === undefined) return mixed("its axis is not known");
    const place = axisOf(axis, shape.length) ?? 0;
    const around = [...shape.slice(0, place), ...indices.shape, ...shape.slice(place + 1)];
    return rows(place + indices.axis, around);
  }
  const { shape: of } = indices as { shape: readonly Extent[] | undefined };
  if (!isRows(data)) return fixed(undefined);
  const place = axis === undefined ? undefined : axisOf(axis, data.shape.length);
  if (place === undefined || of === undefined || batchAxes > 0) {
    return mixed("its axis is not known");
  }
  if (place === data.axis) return mixed("it takes rows by indices");
  const moved = data.axis + (place < data.axis ? of.length - 1 : 0);
  return rows(moved, [...data.shape.slice(0, place), ...of, ...data.shape.slice(place + 1)]);
}

function gatherInRows(
  data: RowValue,
  indices: RowValue,
  axis: number | undefined,
  batchAxes: number,
): RowValue {
  if (!isRows(data) || !isRows(indices)) return mixed("only one operand has rows");
  const hasRows = data.axis === indices.axis && data.axis < batchAxes;
  if (!hasRows || !isSame(rowExtent(data), rowExtent(indices))) {
    return mixed("it takes from all rows by indices of a row");
  }
  const place = axis === undefined ? undefined : axisOf(axis, data.shape.length);
  if (place === undefined || place < batchAxes) return mixed("its axis is not known");
  return rows(data.axis, [
    ...data.shape.slice(0, place),
    ...indices.shape.slice(batchAxes),
    ...data.shape.slice(place + 1),
  ]);
}

/** Selects among values by a mask: for each element, or a row for each element of a vector. */
export function choose(mask: RowValue, values: readonly RowValue[]): RowValue | undefined {
  const all = [mask, ...values];
  if (!all.every(isRows) || mask.kind !== "rows" || mask.shape.length !== 1) return undefined;
  const [first] = values.filter(isRows);
  if (first === undefined || first.axis !== 0 || !areAligned(values.filter(isRows)))
    return undefined;
  return isSame(rowExtent(mask), rowExtent(first)) ? first : undefined;
}
