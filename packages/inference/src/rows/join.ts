import { isSame, OPEN } from "./extent.js";
import {
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

/** Returns a value that is one of two, such as a loop variable before and after an iteration. */
export function join(a: RowValue | undefined, b: RowValue | undefined): RowValue | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.kind === "mixed" || b.kind === "mixed") return a.kind === "mixed" ? a : b;
  if (a.kind === "list" && b.kind === "list")
    return { kind: "list", element: join(a.element, b.element) };
  if (a.kind === "handle" && b.kind === "handle") return a;
  if (isFixed(a) && isFixed(b)) return joinFixed(a, b);
  if (isRows(a) && isRows(b)) return joinRows(a, b);
  return mixed("it is the same for all rows or has rows");
}

function joinFixed(a: FixedValue, b: FixedValue): RowValue {
  const isEqual =
    a.elements !== undefined &&
    a.elements.length === b.elements?.length &&
    a.elements.every((extent, i) => isSame(extent, b.elements?.[i] ?? OPEN));
  if (isEqual) return a;
  if (countsRows(a) || countsRows(b)) return mixed("it may be the number of rows");
  const isAlike = a.shape !== undefined && a.shape.length === b.shape?.length;
  return fixed(isAlike ? a.shape?.map((extent, i) => common(extent, b.shape?.[i])) : undefined);
}

function joinRows(a: RowsValue, b: RowsValue): RowValue {
  const isAlike =
    a.axis === b.axis && a.shape.length === b.shape.length && isSame(rowExtent(a), rowExtent(b));
  if (!isAlike) return mixed("its rows are at different axes");
  return rows(
    a.axis,
    a.shape.map((extent, i) => (i === a.axis ? extent : common(extent, b.shape[i]))),
  );
}

const common = (a: RowsValue["shape"][number], b: RowsValue["shape"][number] | undefined) =>
  b !== undefined && isSame(a, b) ? a : OPEN;
