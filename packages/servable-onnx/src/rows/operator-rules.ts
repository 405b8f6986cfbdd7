import { rowAnalysis } from "@serving-kit/inference";
import type { NodeRows } from "./node-rows.js";

const { along, axisOf, concat, countsRows, einsum, elementwise, expand, fixed, gather } =
  rowAnalysis;
const { isFixed, isRows, literal, matMul, mixed, numberOf, OPEN, perImage, product, quotient } =
  rowAnalysis;
const { reduce, refused, reshape, resized, rowExtent, rows, slice, squeeze, tile, transpose } =
  rowAnalysis;
type AxisPart = rowAnalysis.AxisPart;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Computes the row structure of an operator's outputs: one value per output, or one for all. */
export type OperatorRule = (node: NodeRows) => RowValue | readonly RowValue[];

const words = (text: string) => text.trim().split(/\s+/);
const table = (text: string, rule: OperatorRule) =>
  words(text).map((name): [string, OperatorRule] => [name, rule]);

/** Operators that compute each element from the elements at the same position. */
const ELEMENTWISE = `
  Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu
  Clip Cos Cosh DequantizeLinear Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish
  IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow QuantizeLinear Reciprocal Relu
  Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu Where Xor
  Binarizer CategoryMapper Imputer LabelEncoder Scaler`;

const REDUCTIONS = `
  ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare`;

/** Returns all axes from `axis` on, for operators that treat the input as a matrix. */
const axesFrom = (value: RowValue, axis: number): readonly number[] | undefined => {
  const rank = isRows(value) ? value.shape.length : undefined;
  const first = rank === undefined ? undefined : axisOf(axis, rank);
  if (rank === undefined || first === undefined) return undefined;
  return Array.from({ length: rank - first }, (_, i) => first + i);
};

/** Elementwise, and computes extents: products, quotients and casts. */
const elementsOrExtents: OperatorRule = (node) => {
  const [a, b] = node.inputs;
  if (node.operator === "Cast" && a && isFixed(a)) return a;
  const [x, y] = [node.extents(0), node.extents(1)];
  if (a && b && x?.length === 1 && y?.length === 1) {
    const pair = [x[0], y[0]] as [Extent, Extent];
    const result =
      node.operator === "Mul"
        ? product(pair)
        : node.operator === "Div"
          ? quotient(...pair)
          : undefined;
    if (result) return fixed("shape" in a ? a.shape : [], [result]);
  }
  return elementwise(node.given());
};

const softmax: OperatorRule = (node) => {
  const value = node.input(0);
  const isLater = node.opset >= 13;
  const axis = node.integer("axis", isLater ? -1 : 1);
  return along(value, isLater ? [axis] : axesFrom(value, axis));
};

const reduction: OperatorRule = (node) =>
  reduce(node.input(0), node.axes(1), node.integer("keepdims", 1) !== 0);

const arg: OperatorRule = (node) =>
  reduce(node.input(0), [node.integer("axis", 0)], node.integer("keepdims", 1) !== 0);

/** An operator on images. The other operands must be constants. */
const images: OperatorRule = (node) =>
  perImage(
    node.input(0),
    node.inputs.slice(1).filter((value) => value !== undefined),
  );

const batchNormalization: OperatorRule = (node) => {
  if (node.integer("training_mode", 0) !== 0) return mixed("it computes means of all rows");
  return [images(node) as RowValue, mixed("it is not used")];
};

const layerNormalization: OperatorRule = (node) => {
  const value = node.input(0);
  const bad = node.inputs.slice(1).find((one) => one && (!isFixed(one) || countsRows(one)));
  return bad ? refused(bad) : along(value, axesFrom(value, node.integer("axis", -1)));
};

const gemm: OperatorRule = (node) => {
  const product = matMul(
    node.input(0),
    node.input(1),
    node.integer("transA", 0) !== 0,
    node.integer("transB", 0) !== 0,
  );
  return node.inputs[2] ? elementwise([product, node.inputs[2]]) : product;
};

const reshaping: OperatorRule = (node) => {
  const value = node.input(0);
  const to = node.extents(1);
  const shape = "shape" in value ? value.shape : undefined;
  if (to === undefined || shape === undefined) return mixed("its shape is not known");
  const keeps = node.integer("allowzero", 0) === 0;
  return reshape(
    value,
    to.map((extent, i) => {
      const number = numberOf(extent);
      if (number === -1) return undefined;
      return number === 0 && keeps ? shape[i] : extent;
    }),
  );
};

/** Flattens to a matrix: the axes before `axis`, and the others. */
const flatten: OperatorRule = (node) => {
  const value = node.input(0);
  if (!isRows(value)) return refused(value);
  const axis = axisOf(node.integer("axis", 1), value.shape.length + 1) ?? 0;
  const [before, after] = [value.shape.slice(0, axis), value.shape.slice(axis)].map(product);
  return before && after ? reshape(value, [before, after]) : mixed("its shape is not known");
};

const unsqueeze: OperatorRule = (node) => {
  const axes = node.axes(1);
  if (axes === undefined) return mixed("the new axes are not known");
  return [...axes]
    .sort((a, b) => a - b)
    .reduce((value, axis) => expand(value, axis), node.input(0));
};

const slicing: OperatorRule = (node) => {
  const value = node.input(0);
  const starts = node.integers("starts") ?? node.numbers(1);
  if (isFixed(value) && value.elements) {
    const ends = node.integers("ends") ?? node.numbers(2);
    const part = value.elements.slice(starts?.[0], ends?.[0]);
    return starts?.length === 1
      ? fixed([literal(part.length)], part)
      : mixed("what it takes is not known");
  }
  if (!isRows(value)) return refused(value);
  const axes = node.integers("axes") ?? node.numbers(3) ?? starts?.map((_, i) => i);
  if (axes === undefined) return mixed("what it takes is not known");
  const cut = new Set(axes.map((axis) => axisOf(axis, value.shape.length)));
  return slice(
    value,
    value.shape.map((_, axis): AxisPart => (cut.has(axis) ? "some" : "all")),
  );
};

const gathering: OperatorRule = (node) => {
  const [data, indices] = [node.input(0), node.input(1)];
  const axis = node.integer("axis", 0);
  if (isFixed(data) && data.elements && isFixed(indices) && indices.elements && axis === 0) {
    const { elements } = data;
    const taken = indices.elements.map((one) => elements.at(numberOf(one) ?? elements.length));
    return taken.includes(undefined)
      ? mixed("what it takes is not known")
      : fixed(indices.shape, taken as Extent[]);
  }
  return gather(
    data,
    indices,
    isRows(data) ? axis : (isFixed(data) && data.shape && axisOf(axis, data.shape.length)) || 0,
  );
};

const padding: OperatorRule = (node) => {
  const value = node.input(0);
  if (!isRows(value)) return refused(value);
  const pads = node.integers("pads") ?? node.numbers(1);
  const rank = value.shape.length;
  if (pads?.length !== 2 * rank || node.inputs[3]) return mixed("what it adds is not known");
  const isPadded = (axis: number) => pads[axis] !== 0 || pads[axis + rank] !== 0;
  if (isPadded(value.axis)) return mixed("it adds rows");
  return rows(
    value.axis,
    value.shape.map((extent, axis) => (isPadded(axis) ? OPEN : extent)),
  );
};

const shapeOf: OperatorRule = (node) => {
  const value = node.input(0);
  const shape = "shape" in value ? value.shape : undefined;
  return shape ? fixed([literal(shape.length)], shape) : refused(value);
};

const filled: OperatorRule = (node) => {
  const to = node.extents(0);
  if (to === undefined) return mixed("its shape is not known");
  const axis = to.findIndex((extent) => extent.countsRows);
  return axis === -1 ? fixed(to) : rows(axis, to);
};

/** A sequence of steps of a batch: [steps, batch, features], and states of [directions, batch, units]. */
const recurrent: OperatorRule = (node) => {
  const value = node.input(0);
  if (!isRows(value)) return refused(value);
  if (value.axis !== 1 || node.integer("layout", 0) !== 0)
    return mixed("the rows are not at axis 1");
  for (const [i, one] of node.inputs.entries()) {
    if (i === 0 || one === undefined) continue;
    const isState = i > 4 ? 1 : 0;
    const fits = isRows(one)
      ? i >= 4 && one.axis === isState
      : isFixed(one) && i < 4 && !countsRows(one);
    if (!fits) return mixed("its weights or states are not known");
  }
  const extent = rowExtent(value);
  const state = rows(1, [OPEN, extent, OPEN]);
  return [rows(2, [OPEN, OPEN, extent, OPEN]), state, state];
};

/** A model of vectors, with one output of a single value and one of several values per vector. */
const ofVectors: OperatorRule = (node) => {
  const value = node.input(0);
  if (!isRows(value)) return refused(value);
  if (value.axis !== 0 || value.shape.length > 2) return mixed("its rows are not vectors");
  const extent = rowExtent(value);
  const scores = rows(0, [extent, OPEN]);
  return /Classifier$/.test(node.operator) ? [rows(0, [extent]), scores] : scores;
};

const oneHot: OperatorRule = (node) => {
  const axis = node.integer("axis", -1);
  const isConstant = [1, 2].every((i) => isFixed(node.input(i)) && !countsRows(node.input(i)));
  return isConstant
    ? resized(expand(node.input(0), axis), [axis])
    : mixed("its parameters are not constants");
};

/** The rules of operators that can keep rows apart. For any other operator, nothing is known. */
export const OPERATOR_RULES: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ...table(ELEMENTWISE, elementsOrExtents),
  ...table("Identity ZipMap", (node) => node.input(0)),
  ...table("Dropout", (node) =>
    node.inputs[2] === undefined
      ? [node.input(0), mixed("it is not used")]
      : mixed("it may drop elements"),
  ),
  ...table("Softmax LogSoftmax", softmax),
  ...table("Normalizer LpNormalization", (node) =>
    along(node.input(0), [node.integer("axis", -1)]),
  ),
  ...table(REDUCTIONS, reduction),
  ...table("ArgMax ArgMin", arg),
  ...table("CumSum", (node) => along(node.input(0), node.numbers(1))),
  ...table("TopK", (node) => resized(node.input(0), [node.integer("axis", -1)])),
  ...table(
    "Conv ConvTranspose AveragePool MaxPool LpPool LRN Resize Upsample DepthToSpace SpaceToDepth",
    images,
  ),
  ...table(
    "GlobalAveragePool GlobalMaxPool GlobalLpPool InstanceNormalization GroupNormalization",
    images,
  ),
  ...table("QLinearConv", images),
  ...table("BatchNormalization", batchNormalization),
  ...table("LayerNormalization", layerNormalization),
  ...table("Gemm", gemm),
  ...table("MatMul", (node) => matMul(node.input(0), node.input(1))),
  ...table("Einsum", (node) => einsum(node.text("equation") ?? "", node.given())),
  ...table("Reshape", reshaping),
  ...table("Flatten", flatten),
  ...table("Transpose", (node) => transpose(node.input(0), node.integers("perm"))),
  ...table("Squeeze", (node) => squeeze(node.input(0), node.axes(1))),
  ...table("Unsqueeze", unsqueeze),
  ...table("Concat", (node) => concat(node.given(), node.integer("axis", 0))),
  ...table("Split", (node) => resized(node.input(0), [node.integer("axis", 0)])),
  ...table("Slice", slicing),
  ...table("Gather", gathering),
  ...table("ArrayFeatureExtractor", (node) => gather(node.input(0), node.input(1), -1)),
  ...table("Pad", padding),
  ...table("Tile", (node) => tile(node.input(0), node.extents(1))),
  ...table("Shape", shapeOf),
  ...table("ConstantOfShape", filled),
  ...table("Constant", (node) => node.constant() ?? fixed(undefined)),
  ...table("LSTM GRU RNN", recurrent),
  ...table("LinearClassifier LinearRegressor SVMClassifier SVMRegressor", ofVectors),
  ...table("TreeEnsembleClassifier TreeEnsembleRegressor TreeEnsemble", ofVectors),
  ...table("OneHot", oneHot),
]);
