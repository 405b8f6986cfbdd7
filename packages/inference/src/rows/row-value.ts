import type { Extent } from "./extent.js";

/** The extents of a value; undefined if not even the rank is known. */
export type Extents = readonly Extent[] | undefined;

/** A value that is the same in every batch, such as weights. Only its known integers may count rows. */
export interface FixedValue {
  readonly kind: "fixed";
  readonly shape: Extents;
  /** The integers of the value, if they are known: extents and axes. */
  readonly elements?: readonly Extent[] | undefined;
}

/**
 * A value whose index along an axis belongs to a row of the batch: n rows have an extent of k n there, and k
 * consecutive indices belong to one row. The elements of a row depend only on that row of the inputs.
 */
export interface RowsValue {
  readonly kind: "rows";
  readonly axis: number;
  readonly shape: readonly Extent[];
}

/** A list of values that is read and written at indices that are the same in every batch. */
export interface ListValue {
  readonly kind: "list";
  /** The value of each element; undefined before the first write. */
  readonly element: RowValue | undefined;
}

/** A handle of a variable or a table. */
export interface HandleValue {
  readonly kind: "handle";
  readonly shape: Extents;
}

/** A value whose rows are not known to be independent. */
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

/** Returns a value with rows along an axis, if that axis and no other counts them. */
export function rows(axis: number, shape: readonly Extent[]): RowsValue | MixedValue {
  if (shape[axis]?.countsRows !== true) return mixed("its result has no extent for the rows");
  const isSquare = shape.some(({ countsRows }, i) => countsRows && i !== axis);
  if (isSquare) return mixed("a row has as many elements as there are rows");
  return { kind: "rows", axis, shape };
}

export const isRows = (value: RowValue): value is RowsValue => value.kind === "rows";
export const isFixed = (value: RowValue): value is FixedValue => value.kind === "fixed";
export const isMixed = (value: RowValue): value is MixedValue => value.kind === "mixed";

/** Returns whether the number of rows occurs in a value. */
export const countsRows = (value: RowValue): boolean =>
  value.kind === "fixed" && (value.elements?.some((extent) => extent.countsRows) ?? false);

/** The extent along the axis of the rows. */
export const rowExtent = ({ shape, axis }: RowsValue): Extent => shape[axis] as Extent;

/** Returns an axis counted from the front; undefined if the axis does not exist. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}
