import { rowAnalysis } from "@serving-kit/inference";
import type { OpView } from "./op-view.js";

const { countsRows, fixed, isFixed, isSame, literal, mixed, numberOf, OPEN, product, quotient } =
  rowAnalysis;
type Extent = rowAnalysis.Extent;
type FixedValue = rowAnalysis.FixedValue;
type RowValue = rowAnalysis.RowValue;

/** Applies an op to known integers, such as extents; undefined if its operands are not known integers. */
export function sizeRule(op: OpView): RowValue | undefined {
  const compute = SIZES[op.node.op];
  if (compute === undefined) return undefined;
  const values = op.inputs;
  if (!values.every(isFixed) || !values.some(({ elements }) => elements)) return undefined;
  const result = compute(op, values);
  if (result !== undefined) return result;
  return values.some(countsRows) ? mixed("the number of rows is an operand") : undefined;
}

type SizeRule = (op: OpView, values: readonly FixedValue[]) => FixedValue | undefined;

/** Computes each integer from two operands, one of which may be a scalar. */
const binary =
  (compute: (a: Extent, b: Extent) => Extent | undefined): SizeRule =>
  (_, [a, b]) => {
    if (!a?.elements || !b?.elements) return undefined;
    const length = Math.max(a.elements.length, b.elements.length);
    const at = (elements: readonly Extent[], i: number) =>
      elements[elements.length === 1 ? 0 : i] as Extent;
    const results = Array.from({ length }, (_, i) =>
      compute(at(a.elements as Extent[], i), at(b.elements as Extent[], i)),
    );
    if (results.includes(undefined)) return undefined;
    const shape = (a.shape?.length ?? 0) >= (b.shape?.length ?? 0) ? a.shape : b.shape;
    return fixed(shape, results as Extent[]);
  };

const numeric = (compute: (a: number, b: number) => number) =>
  binary((a, b) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x !== undefined && y !== undefined) return literal(compute(x, y));
    return a.countsRows || b.countsRows ? undefined : OPEN;
  });

const same: SizeRule = (_, [value]) => value;

/** Returns the product of all elements, as a scalar. */
const productOf: SizeRule = (op, [value]) => {
  const all = value?.elements && product(value.elements);
  const isKept = op.bool("keep_dims", false);
  return all && fixed(isKept ? [literal(1)] : [], [all]);
};

function gathered(_: OpView, [data, indices]: readonly FixedValue[]): FixedValue | undefined {
  const numbers = indices?.elements?.map(numberOf);
  if (!data?.elements || !numbers || data.shape?.length !== 1) return undefined;
  const { elements } = data;
  const taken = numbers.map((i) => elements.at(i ?? elements.length));
  return taken.includes(undefined) ? undefined : fixed(indices?.shape, taken as Extent[]);
}

function sliced(op: OpView, [data]: readonly FixedValue[]): FixedValue | undefined {
  const [begin, end, stride] = [1, 2, 3].map((i) => op.number(i));
  if (!data?.elements || data.shape?.length !== 1 || stride !== 1) return undefined;
  if (begin === undefined || end === undefined) return undefined;
  const { elements } = data;
  const start = op.int("begin_mask", 0) ? 0 : begin;
  if (op.int("shrink_axis_mask", 0)) {
    const one = elements.at(start);
    return one && fixed([], [one]);
  }
  if (op.int("new_axis_mask", 0) || op.int("ellipsis_mask", 0)) return undefined;
  const part = elements.slice(start, op.int("end_mask", 0) ? undefined : end);
  return fixed([literal(part.length)], part);
}

const SIZES: Readonly<Record<string, SizeRule>> = {
  Mul: binary((a, b) => product([a, b])),
  AddV2: numeric((a, b) => a + b),
  Add: numeric((a, b) => a + b),
  Sub: numeric((a, b) => a - b),
  Maximum: binary((a, b) => (isSame(a, b) ? a : larger(a, b))),
  Minimum: numeric(Math.min),
  FloorMod: numeric((a, b) => a - b * Math.floor(a / b)),
  FloorDiv: binary((a, b) => quotient(a, b) ?? (a.countsRows || b.countsRows ? undefined : OPEN)),
  Cast: same,
  Identity: same,
  Prod: productOf,
  GatherV2: gathered,
  StridedSlice: sliced,
  Squeeze: (_, [value]) => (value?.elements?.length === 1 ? fixed([], value.elements) : undefined),
};

/** Returns the larger of an extent and a number that is at most as large as any extent. */
function larger(a: Extent, b: Extent): Extent | undefined {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return literal(Math.max(x, y));
  if (x !== undefined && x <= 0) return b;
  if (y !== undefined && y <= 0) return a;
  return a.countsRows || b.countsRows ? undefined : OPEN;
}
