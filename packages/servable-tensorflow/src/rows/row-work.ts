import { rowAnalysis } from "@serving-kit/inference";
import type { OpView } from "./op-view.js";

type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Operations for an element of an op that is not in a table here: a few for a sum, dozens for a logarithm. */
const PER_ELEMENT = 10;

/** Ops that pass on tensors that exist. */
const FREE = new Set(
  `Const VarHandleOp HashTableV2 MutableHashTableV2 ReadVariableOp Variable VariableV2 Placeholder
   PlaceholderWithDefault Identity IdentityN StopGradient PreventGradient Snapshot Reshape Squeeze ExpandDims Shape Rank
   NoOp Assert`.split(/\s+/),
);

/** Returns over how many elements of a filter a convolution sums; its last extents count the outputs. */
const filterSum = (op: OpView, kept = 1): number => elements(op.input(1), -kept);

/** Terms of the sum behind an element of the output. */
const TERMS: Readonly<Record<string, (op: OpView) => number>> = {
  MatMul: (op) => contracted(op, "transpose_a"),
  BatchMatMul: (op) => contracted(op, "adj_x"),
  BatchMatMulV2: (op) => contracted(op, "adj_x"),
  BatchMatMulV3: (op) => contracted(op, "adj_x"),
  Conv2D: (op) => filterSum(op),
  Conv3D: (op) => filterSum(op),
  DepthwiseConv2dNative: (op) => filterSum(op, 2),
  AvgPool: (op) => op.ints("ksize").reduce((all, extent) => all * extent, 1),
  MaxPool: (op) => op.ints("ksize").reduce((all, extent) => all * extent, 1),
};

/** Ops of which each element of one of the last two inputs meets each of the other at most once. */
const PAIRS = /^Einsum$|^(?:Conv\d|Depthwise).*Backprop/;

/**
 * Returns how many arithmetic operations an op takes for a row, roughly; Infinity if that is not known. `outputs` are
 * its outputs.
 */
export function rowWork(op: OpView, outputs: readonly RowValue[]): number {
  const { op: name } = op.node;
  if (FREE.has(name)) return 0;
  if (PAIRS.test(name)) return op.inputs.slice(-2).reduce((all, one) => all * elements(one), 2);
  const results = sum(outputs);
  const terms = TERMS[name];
  if (terms !== undefined) return 2 * results * terms(op);
  // A reduction reads more than it writes.
  return PER_ELEMENT * Math.max(results, sum(op.inputs.filter(rowAnalysis.isRows)));
}

function contracted(op: OpView, transposes: string): number {
  const left = op.input(0);
  if (!("shape" in left)) return Number.POSITIVE_INFINITY;
  const extent = left.shape?.at(op.bool(transposes, false) ? -2 : -1);
  return extent === undefined ? Number.POSITIVE_INFINITY : perRow(extent);
}

const sum = (values: readonly RowValue[]): number =>
  values.reduce((all, value) => all + elements(value), 0);

/** Returns the number of elements of a value for each row, of the first extents up to `end`; Infinity if unknown. */
function elements(value: RowValue, end?: number): number {
  if (value.kind === "handle") return 0;
  if (value.kind !== "rows" && value.kind !== "fixed") return Number.POSITIVE_INFINITY;
  const extents = value.shape?.slice(0, end);
  return extents?.reduce((all, extent) => all * perRow(extent), 1) ?? Number.POSITIVE_INFINITY;
}

const perRow = ({ factor, symbols, isOpen }: Extent): number =>
  symbols.length > 0 || isOpen ? Number.POSITIVE_INFINITY : factor;
