import { type Extent, isSame, literal, numberOf, OPEN } from "./extent.js";
import {
  countsRows,
  type Extents,
  type FixedValue,
  fixed,
  isMixed,
  isRows,
  mixed,
  type RowsValue,
  type RowValue,
  rowExtent,
  rows,
} from "./row-value.js";

/** The rows of an operation that computes each element of its result from one element of each operand, broadcast. */
export function elementwise(operands: readonly RowValue[]): RowValue {
  const problem = problemOf(operands);
  if (problem !== undefined) return problem;
  const known = operands as readonly Operand[];
  const shapes = known.map(({ shape }) => shape);
  const withRows = known.filter(isRows);
  const first = withRows[0];
  if (first === undefined) return fixed(broadcast(shapes));
  const shape = broadcast(shapes);
  if (shape === undefined) return mixed("the rank of an operand is not known");
  const rank = shape.length;
  const axis = first.axis + rank - first.shape.length;
  for (const value of known) {
    const reason = problemAt(value, axis, first, rank);
    if (reason !== undefined) return mixed(reason);
  }
  return rows(axis, replaced(shape, axis, rowExtent(first)));
}

type Operand = FixedValue | RowsValue;

/** Returns the reason that makes the result mixed, if an operand has no elements or is the number of rows. */
function problemOf(operands: readonly RowValue[]): RowValue | undefined {
  const bad = operands.find(isMixed);
  if (bad !== undefined) return bad;
  if (operands.some(countsRows)) return mixed("the number of rows is an operand");
  const isWhole = operands.every((value) => value.kind === "fixed" || isRows(value));
  return isWhole ? undefined : mixed("an operand is a list or a handle");
}

/** Returns why an operand is incompatible with rows along an axis of the result; undefined if it is compatible. */
function problemAt(
  value: Operand,
  axis: number,
  first: RowsValue,
  rank: number,
): string | undefined {
  const own = axis - (rank - (value.shape as readonly Extent[]).length);
  if (isRows(value)) {
    if (value.axis !== own) return "rows of one operand meet all rows of another";
    if (value !== first && !isSame(rowExtent(value), rowExtent(first))) {
      return "operands have different extents where the rows are";
    }
    return undefined;
  }
  const extent = own < 0 ? literal(1) : (value.shape?.[own] as Extent);
  return numberOf(extent) === 1 ? undefined : "a constant has an extent where the rows are";
}

/** Returns the broadcast shape; undefined if one of the shapes is unknown. */
export function broadcast(shapes: readonly Extents[]): Extents {
  let result: readonly Extent[] = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const [long, short] = shape.length > result.length ? [shape, result] : [result, shape];
    const offset = long.length - short.length;
    result = long.map((extent, i) => wider(extent, short[i - offset]));
  }
  return result;
}

function wider(a: Extent, b: Extent | undefined): Extent {
  if (b === undefined || numberOf(b) === 1) return a;
  if (numberOf(a) === 1 || isSame(a, b)) return b;
  if (a.countsRows || b.countsRows) return a.countsRows ? a : b;
  const known = [a, b].find((extent) => (numberOf(extent) ?? 1) > 1);
  return known ?? OPEN;
}

/** Returns a shape with the extent at an axis replaced. */
export function replaced(shape: readonly Extent[], axis: number, extent: Extent): Extent[] {
  return shape.map((one, i) => (i === axis ? extent : one));
}
