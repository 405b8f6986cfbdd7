import { rowAnalysis } from "@serving-kit/inference";
import { numbers, type OperatorRows } from "./operator-rows.js";

const { fixed, isFixed, isRows, isSame, literal, mixed, numberOf, OPEN, refused, slice } =
  rowAnalysis;
type AxisPart = rowAnalysis.AxisPart;
type RowValue = rowAnalysis.RowValue;

/** SLICE and STRIDED_SLICE of rows, and of vectors of extents. */
export function sliced(op: OperatorRows): RowValue {
  const value = op.inputs[0] ?? mixed("an input is missing");
  if (isFixed(value) && value.elements) return elementsOf(op, value);
  if (!isRows(value)) return refused(value);
  const parts = op.name === "SLICE" ? plainParts(op, value) : stridedParts(op);
  return parts ? slice(value, parts) : mixed("what it takes is not known");
}

function plainParts(
  op: OperatorRows,
  { shape }: rowAnalysis.RowsValue,
): readonly AxisPart[] | undefined {
  const begin = numbers(op, 1);
  const sizes = op.inputs[2];
  if (begin === undefined || sizes?.kind !== "fixed" || !sizes.elements) return undefined;
  const { elements } = sizes;
  return shape.map((extent, axis) => {
    const size = elements[axis] ?? OPEN;
    const isAll = begin[axis] === 0 && (numberOf(size) === -1 || isSame(size, extent));
    return isAll ? "all" : "some";
  });
}

/** Returns whether a bit of the mask in a field of the options is set. */
const has = ({ options }: OperatorRows, field: number, bit: number) =>
  (((options?.int32(field) ?? 0) >> bit) & 1) === 1;

const MASKS = { begin: 0, end: 1, ellipsis: 2, newAxis: 3, shrink: 4 };

function stridedParts(op: OperatorRows): readonly AxisPart[] | undefined {
  const [begin, step] = [numbers(op, 1), numbers(op, 3)];
  if (begin === undefined || (op.options?.int32(MASKS.ellipsis) ?? 0) !== 0) return undefined;
  return begin.map((start, axis): AxisPart => {
    if (has(op, MASKS.newAxis, axis)) return "new";
    if (has(op, MASKS.shrink, axis)) return "one";
    const isFromStart = has(op, MASKS.begin, axis) || start === 0;
    return isFromStart && has(op, MASKS.end, axis) && step?.[axis] === 1 ? "all" : "some";
  });
}

/** Returns one extent of a vector, or a part of the vector. */
function elementsOf(op: OperatorRows, { elements = [] }: rowAnalysis.FixedValue): RowValue {
  const [begin, end, step] = [1, 2, 3].map((index) => numbers(op, index)?.[0]);
  if (op.name !== "STRIDED_SLICE" || begin === undefined || step !== 1) {
    return mixed("which extents it takes is not known");
  }
  const start = has(op, MASKS.begin, 0) ? 0 : begin;
  const one = elements.at(start);
  if (has(op, MASKS.shrink, 0)) return one ? fixed([], [one]) : mixed("it takes no extent");
  const part = elements.slice(start, has(op, MASKS.end, 0) ? undefined : end);
  return fixed([literal(part.length)], part);
}
