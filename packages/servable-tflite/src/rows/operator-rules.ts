import { rowAnalysis } from "@serving-kit/inference";
import { extents, input, numbers, type OperatorRows } from "./operator-rows.js";
import { sliced } from "./slices.js";

const { along, broadcastTo, choose, concat, countsRows, elementwise, expand, fixed } = rowAnalysis;
const { gather, isFixed, isRows, literal, matMul, mixed, numberOf, OPEN, pack, perImage } =
  rowAnalysis;
const { product, reduce, refused, reshape, resized, rows, squeeze, tile, transpose } = rowAnalysis;
type RowValue = rowAnalysis.RowValue;

/** Computes the row structure of an operator's outputs: one value for all of them. */
export type OperatorRule = (op: OperatorRows) => RowValue;

const words = (text: string) => text.trim().split(/\s+/);
const table = (text: string, rule: OperatorRule) =>
  words(text).map((name): [string, OperatorRule] => [name, rule]);

const given = ({ inputs }: OperatorRows) => inputs.filter((value) => value !== undefined);

/** Operators that compute each element from the elements at the same position. */
const ELEMENTWISE = `
  ABS ADD ADD_N ATAN2 BITWISE_XOR BUCKETIZE CAST CEIL COMPLEX_ABS COS DEQUANTIZE DIV ELU EQUAL EXP FLOOR FLOOR_DIV
  FLOOR_MOD GELU GREATER GREATER_EQUAL HARD_SWISH IMAG LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR
  LOGISTIC MAXIMUM MINIMUM MUL NEG NOT_EQUAL POW PRELU QUANTIZE REAL RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 RIGHT_SHIFT
  ROUND RSQRT SIGN SIN SQRT SQUARE SQUARED_DIFFERENCE SUB TANH ZEROS_LIKE`;

/** Elementwise, and computes extents if the operands are numbers. */
const elementsOrExtents: OperatorRule = (op) => {
  const [a, b] = op.inputs;
  if (a && isFixed(a) && a.elements && (op.name === "CAST" || !b)) return a;
  if (op.name === "MUL" && a && b && isFixed(a) && isFixed(b) && a.elements && b.elements) {
    const result = product([...a.elements, ...b.elements]);
    if (result && a.elements.length === 1 && b.elements.length === 1)
      return fixed(a.shape, [result]);
  }
  return elementwise(given(op));
};

const reduction: OperatorRule = (op) => {
  const value = input(op, 0);
  if (op.name === "REDUCE_PROD" && isFixed(value) && value.elements) {
    const all = product(value.elements);
    return all ? fixed([], [all]) : mixed("the number of rows is an operand");
  }
  return reduce(value, numbers(op, 1), (op.options?.uint8(0) ?? 0) !== 0);
};

/** The last axis of the weights corresponds to the last axis of the inputs. */
const fullyConnected: OperatorRule = (op) => {
  const [value, weights] = [input(op, 0), input(op, 1)];
  if (!isFixed(weights) || countsRows(weights)) return refused(weights);
  const size = weights.shape?.at(-1);
  if (!isRows(value) || size === undefined) return refused(value);
  const keepsRank = (op.options?.uint8(2) ?? 0) !== 0;
  const matrix = keepsRank ? value : reshape(value, [undefined, size]);
  return matMul(matrix, fixed([size, weights.shape?.[0] ?? OPEN]));
};

const windows =
  (weights: readonly number[], image = 0): OperatorRule =>
  (op) =>
    perImage(
      input(op, image),
      weights.flatMap((index) => op.inputs[index] ?? []),
    );

const reshaping: OperatorRule = (op) => {
  const to = extents(op, 1) ?? op.options?.int32s(0).map(literal);
  if (to === undefined || to.length === 0) return mixed("its shape is not known");
  return reshape(
    input(op, 0),
    to.map((extent) => (numberOf(extent) === -1 ? undefined : extent)),
  );
};

const shapeOf: OperatorRule = (op) => {
  const value = input(op, 0);
  const shape = "shape" in value ? value.shape : undefined;
  return shape ? fixed([literal(shape.length)], shape) : refused(value);
};

const fill: OperatorRule = (op) => {
  const to = extents(op, 0);
  const value = input(op, 1);
  if (!isFixed(value) || countsRows(value)) return refused(value);
  if (to === undefined) return mixed("its shape is not known");
  const axis = to.findIndex((extent) => extent.countsRows);
  return axis === -1 ? fixed(to) : rows(axis, to);
};

const padding: OperatorRule = (op) => {
  const value = input(op, 0);
  if (!isRows(value)) return refused(value);
  const pairs = numbers(op, 1);
  if (pairs?.length !== 2 * value.shape.length) return mixed("what it adds is not known");
  const isPadded = (axis: number) => pairs[2 * axis] !== 0 || pairs[2 * axis + 1] !== 0;
  if (isPadded(value.axis)) return mixed("it adds rows");
  return rows(
    value.axis,
    value.shape.map((extent, axis) => (isPadded(axis) ? OPEN : extent)),
  );
};

const split =
  (value: number, axis: number): OperatorRule =>
  (op) =>
    resized(input(op, value), numbers(op, axis));

const oneHot: OperatorRule = (op) => {
  const axis = op.options?.int32(0, -1) ?? -1;
  for (const index of [1, 2, 3]) {
    const value = input(op, index);
    if (!isFixed(value) || countsRows(value)) return mixed("its parameters are not constants");
  }
  return resized(expand(input(op, 0), axis), [axis]);
};

/** The rules of operators that can keep rows apart. For any other operator, nothing is known. */
export const OPERATOR_RULES: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ...table(ELEMENTWISE, elementsOrExtents),
  ...table("SELECT SELECT_V2", (op) => {
    const [mask, a, b] = [0, 1, 2].map((index) => input(op, index)) as [
      RowValue,
      RowValue,
      RowValue,
    ];
    return (op.name === "SELECT" && choose(mask, [a, b])) || elementwise([mask, a, b]);
  }),
  ...table("FULLY_CONNECTED", fullyConnected),
  ...table("CONV_2D DEPTHWISE_CONV_2D CONV_3D", windows([1, 2])),
  ...table("TRANSPOSE_CONV CONV_3D_TRANSPOSE", windows([1, 3], 2)),
  ...table("AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION", windows([])),
  ...table("RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR", windows([1])),
  ...table("DEPTH_TO_SPACE SPACE_TO_DEPTH", windows([])),
  ...table("SOFTMAX LOG_SOFTMAX L2_NORMALIZATION", (op) => along(input(op, 0), [-1])),
  ...table("MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL", reduction),
  ...table("ARG_MAX ARG_MIN", (op) => reduce(input(op, 0), numbers(op, 1), false)),
  ...table("CUMSUM REVERSE_V2", (op) => along(input(op, 0), numbers(op, 1))),
  ...table("TOPK_V2", (op) => resized(input(op, 0), [-1])),
  ...table("BATCH_MATMUL", ({ options, ...op }) =>
    matMul(
      input({ options, ...op }, 0),
      input({ options, ...op }, 1),
      (options?.uint8(0) ?? 0) !== 0,
      (options?.uint8(1) ?? 0) !== 0,
    ),
  ),
  ...table("RESHAPE", reshaping),
  ...table("SHAPE", shapeOf),
  ...table("FILL", fill),
  ...table("TRANSPOSE", (op) => transpose(input(op, 0), numbers(op, 1))),
  ...table("EXPAND_DIMS", (op) => expand(input(op, 0), numbers(op, 1)?.[0])),
  ...table("SQUEEZE", (op) => {
    const axes = op.options?.int32s(0) ?? [];
    return squeeze(input(op, 0), axes.length > 0 ? axes : undefined);
  }),
  ...table("CONCATENATION", (op) => concat(given(op), op.options?.int32(0) ?? 0)),
  ...table("PACK", (op) => pack(given(op), op.options?.int32(1) ?? 0)),
  ...table("UNPACK", (op) => reduce(input(op, 0), [op.options?.int32(1) ?? 0], false)),
  ...table("SPLIT", split(1, 0)),
  ...table("SPLIT_V", split(0, 2)),
  ...table("PAD PADV2 MIRROR_PAD", padding),
  ...table("SLICE STRIDED_SLICE", sliced),
  ...table("GATHER", (op) =>
    gather(input(op, 0), input(op, 1), op.options?.int32(0) ?? 0, op.options?.int32(1) ?? 0),
  ),
  ...table("EMBEDDING_LOOKUP", (op) => gather(input(op, 1), input(op, 0), 0)),
  ...table("TILE", (op) => tile(input(op, 0), extents(op, 1))),
  ...table("BROADCAST_TO", (op) => broadcastTo(input(op, 0), extents(op, 1))),
  ...table("ONE_HOT", oneHot),
]);
