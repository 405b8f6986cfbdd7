import type { Extent } from "./extent.js";

/** The extents of a value; undefined if not even the rank is known. */
export type Extents = readonly Extent[] | undefined;

/** A value that is the same in every batch, such as weights; only known integers in it may count rows. */
export interface FixedValue {
  readonly kind: "fixed";
  readonly shape: Extents;
  /** Its integers, if they are known: extents and axes. */
  readonly elements?: readonly Extent[] | undefined;
}

/**
 * A value whose index along an axis belongs to a row of the batch: n rows have an extent of k n there, and k indices
 * in a row belong to a row. What belongs to a row depends on that row of the inputs alone.
 */
export interface RowsValue {
  readonly kind: "rows";
  readonly axis: number;
  readonly shape: readonly Extent[];
}

/** Values that are written and read by indices which are the same in every batch. */
export interface ListValue {
  readonly kind: "list";
  /** The value of each of them; undefined before the first is written. */
  readonly element: RowValue | undefined;
}

/** A handle of variables and tables. */
export interface HandleValue {
  readonly kind: "handle";
  readonly shape: Extents;
}

/** A value of which it is not known that its rows are independent. */
export interface MixedValue {
  readonly kind: "mixed";
  /** The reason as a clause. */
  readonly reason: string;
}

/** The facts that are known about a tensor of a graph. */
export type RowValue = FixedValue | RowsValue | ListValue | HandleValue | MixedValue;

export const mixed = (reason: string): MixedValue => ({ kind: "mixed", reason });

export const fixed = (shape: Extents, elements?: readonly Extent[]): FixedValue => ({
  kind: "fixed",
  shape,
  ...(elements && { elements }),
});

/** A value with rows along an axis, if the axis and no other one counts them. */
export function rows(axis: number, shape: readonly Extent[]): RowsValue | MixedValue {
  if (shape[axis]?.countsRows !== true) return mixed("its result has no extent for the rows");
  const isSquare = shape.some(({ countsRows }, i) => countsRows && i !== axis);
  if (isSquare) return mixed("a row has as many elements as there are rows");
  return { kind: "rows", axis, shape };
}

export const isRows = (value: RowValue): value is RowsValue => value.kind === "rows";
export const isFixed = (value: RowValue): value is FixedValue => value.kind === "fixed";
export const isMixed = (value: RowValue): value is MixedValue => value.kind === "mixed";

/** Whether the number of rows is in a value. */
export const countsRows = (value: RowValue): boolean =>
  value.kind === "fixed" && (value.elements?.some((extent) => extent.countsRows) ?? false);

/** The extent along the axis of the rows. */
export const rowExtent = ({ shape, axis }: RowsValue): Extent => shape[axis] as Extent;

/** An axis counted from the front; undefined if there is none of the number. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}
