import { rowAnalysis } from "@serving-kit/inference";
import { itemOf, listOf, reserved, stacked, withItem } from "./loops.js";
import type { OpView } from "./op-view.js";
import { stridedSlice } from "./strided-slice.js";

const { along, broadcastTo, choose, concat, countsRows, einsum, elementwise, expand, extentsOf } =
  rowAnalysis;
const { fixed, gather, isFixed, isRows, literal, matMul, mixed, numberOf, OPEN, pack } =
  rowAnalysis;
const { perImage, reduce, refused, reshape, resized, rows, slice, squeeze, tile, transpose } =
  rowAnalysis;
type AxisPart = rowAnalysis.AxisPart;
type RowValue = rowAnalysis.RowValue;

/** Computes the row structure of an op's outputs: one value per output, or one for all. */
export type OpRule = (op: OpView) => RowValue | readonly RowValue[];

const words = (text: string) => text.trim().split(/\s+/);
const table = (text: string, rule: OpRule) =>
  words(text).map((name): [string, OpRule] => [name, rule]);

/** Ops that compute each element from the elements at the same position. */
const ELEMENTWISE = `
  Abs Acos Acosh Add AddN AddV2 Angle ApproximateEqual AsString Asin Asinh Atan Atan2 Atanh BesselI0e BesselI1e
  BitwiseAnd BitwiseOr BitwiseXor Bucketize Cast Ceil CheckNumerics ClipByValue Complex ComplexAbs Conj Cos Cosh
  DecodeBase64 Digamma Div DivNoNan Elu EncodeBase64 Equal Erf Erfc Erfinv Exp Expm1 FakeQuantWithMinMaxArgs Floor FloorDiv
  FloorMod Greater GreaterEqual Igamma Igammac Imag Inv Invert IsFinite IsInf IsNan LeakyRelu LeftShift Less LessEqual
  Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual
  OnesLike Polygamma PopulationCount Pow Real RealDiv Reciprocal RegexFullMatch RegexReplace Relu Relu6 RightShift
  Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square SquaredDifference
  StaticRegexFullMatch StaticRegexReplace StringJoin StringLength StringLower StringStrip StringToHashBucketFast
  StringToHashBucketStrong StringToNumber StringUpper Sub Substr Tan Tanh TruncateDiv TruncateMod Xdivy Xlog1py Xlogy ZerosLike
  Zeta`;

const axesOf = (op: OpView) => op.numbers(1);
const reduction: OpRule = (op) => reduce(op.input(0), axesOf(op), op.bool("keep_dims", false));

/** A reduction of one axis, which is an input or has a default. */
const arg: OpRule = (op) => reduce(op.input(0), axesOf(op), false);

const lastAxis: OpRule = (op) => along(op.input(0), [-1]);

/** An op on images whose windows and strides have an extent of 1 along the first axis. */
const windowed =
  (weights: number): OpRule =>
  (op) => {
    const isPerImage = ["ksize", "strides", "dilations", "ksizes", "rates"].every(
      (name) => (op.ints(name)[0] ?? 1) === 1,
    );
    const isBatchFirst = op.text("data_format", "NHWC").startsWith("N");
    if (!isPerImage || !isBatchFirst) return mixed("its windows hold several rows");
    return perImage(op.input(0), op.inputs.slice(1, 1 + weights));
  };

/** The gradient of a convolution: sizes, weights and the images. */
const transposedConvolution: OpRule = (op) => {
  if (!op.text("data_format", "NHWC").startsWith("N")) return mixed("its rows are not first");
  const weights = op.input(1);
  return isFixed(weights) ? perImage(op.input(2), []) : refused(weights);
};

const normalization: OpRule = (op) => {
  if (op.bool("is_training", true)) return mixed("it computes means of all rows");
  return [elementwiseOnChannels(op, op.inputs.slice(1)), ...Array(5).fill(mixed("it is not used"))];
};

/** An op with one vector per channel. */
function elementwiseOnChannels(op: OpView, channels: readonly RowValue[]): RowValue {
  const value = op.input(0);
  if (!isRows(value) && !isFixed(value)) return value;
  const bad = channels.find((one) => !isFixed(one) || countsRows(one));
  if (bad !== undefined) return isRows(bad) ? mixed("its parameters are rows") : refused(bad);
  if (isRows(value) && (value.axis !== 0 || value.shape.length < 2)) {
    return mixed("the rows are not at its first axis");
  }
  return isRows(value) ? value : refused(value);
}

const reshaping: OpRule = (op) => {
  const to = op.extents(1);
  if (to === undefined) return mixed("its shape is not known");
  return reshape(
    op.input(0),
    to.map((extent) => (numberOf(extent) === -1 ? undefined : extent)),
  );
};

const shapeOf: OpRule = (op) => {
  const value = op.input(0);
  if (value.kind === "mixed" || value.kind === "list" || value.kind === "handle")
    return refused(value);
  const { shape } = value;
  return shape
    ? fixed([literal(shape.length)], shape)
    : mixed("the rank of its input is not known");
};

const filled: OpRule = (op) => {
  const to = op.extents(0);
  const value = op.input(1);
  if (!isFixed(value) || countsRows(value)) return refused(value);
  if (to === undefined) return mixed("its shape is not known");
  const axis = to.findIndex((extent) => extent.countsRows);
  return axis === -1 ? fixed(to) : rows(axis, to);
};

const padding: OpRule = (op) => {
  const value = op.input(0);
  if (!isRows(value)) return refused(value);
  const pairs = op.numbers(1);
  const { axis, shape } = value;
  if (pairs?.length !== 2 * shape.length) return mixed("what it adds is not known");
  if (pairs[2 * axis] !== 0 || pairs[2 * axis + 1] !== 0) return mixed("it adds rows");
  const isPadded = (i: number) => pairs[2 * i] !== 0 || pairs[2 * i + 1] !== 0;
  return rows(
    axis,
    shape.map((extent, i) => (isPadded(i) ? OPEN : extent)),
  );
};

/** A slice with a start and a size along each axis. */
const slicing: OpRule = (op) => {
  const value = op.input(0);
  if (!isRows(value)) return refused(value);
  const begin = op.numbers(1);
  const size = op.extents(2);
  if (begin === undefined || size === undefined) return mixed("what it takes is not known");
  const parts = value.shape.map((extent, i): AxisPart => {
    const isAll =
      begin[i] === 0 &&
      (numberOf(size[i] ?? OPEN) === -1 || rowAnalysis.isSame(size[i] ?? OPEN, extent));
    return isAll ? "all" : "some";
  });
  return slice(value, parts);
};

const lookup: OpRule = (op) => {
  const keys = op.input(1);
  if (op.input(0).kind !== "handle") return mixed("its table is not known");
  if (!isRows(keys)) return refused(keys);
  const declared = op.declared(0)?.slice(keys.shape.length) ?? [];
  return isFixed(op.input(2))
    ? rows(keys.axis, [...keys.shape, ...declared])
    : mixed("its default has rows");
};

const oneHot: OpRule = (op) => {
  const [indices, depth, on, off] = [0, 1, 2, 3].map((i) => op.input(i)) as RowValue[];
  for (const value of [depth, on, off] as RowValue[]) {
    if (!isFixed(value) || countsRows(value))
      return isRows(value) ? mixed("its parameters are rows") : refused(value);
  }
  return resized(expand(indices as RowValue, op.int("axis", -1)), [op.int("axis", -1)]);
};

/** Counts the integers in each row of a matrix; for a vector, it would count over all rows. */
const counted: OpRule = (op) => {
  const [value, size, weights] = [op.input(0), op.input(1), op.input(2)];
  if (!isRows(value)) return refused(value);
  if (!isFixed(size) || countsRows(size) || !isFixed(weights))
    return mixed("its size is not known");
  const [extent = OPEN] = value.shape;
  const isMatrix = value.shape.length === 2 && value.axis === 0;
  return isMatrix ? rows(0, [extent, OPEN]) : mixed("it counts over all rows");
};

const split =
  (value: number, axis: number): OpRule =>
  (op) => {
    const place = op.number(axis);
    return resized(op.input(value), place === undefined ? undefined : [place]);
  };

const unpacked: OpRule = (op) => reduce(op.input(0), [op.int("axis", 0)], false);

const chosen: OpRule = (op) =>
  (op.node.op === "Select" && choose(op.input(0), [op.input(1), op.input(2)])) ||
  elementwise(op.inputs);

const gathering: OpRule = (op) =>
  gather(op.input(0), op.input(1), op.number(2), op.int("batch_dims", 0));

const gatherOfVariable: OpRule = (op) => {
  const handle = op.input(0);
  if (handle.kind !== "handle") return mixed("its variable is not known");
  return gather(fixed(handle.shape), op.input(1), 0, op.int("batch_dims", 0));
};

const parsed: OpRule = (op) => {
  const hasOnlyDense = op.int("num_sparse", 0) === 0 && op.ints("ragged_value_types").length === 0;
  const serialized = op.input(0);
  if (!hasOnlyDense) return mixed("its outputs are sparse or ragged");
  if (!isRows(serialized) || serialized.shape.length !== 1) return refused(serialized);
  const [extent = OPEN] = serialized.shape;
  return Array.from({ length: op.inputs.length }, (_, i) => {
    const declared = op.declared(i);
    return declared ? rows(0, [extent, ...declared.slice(1)]) : mixed("its shape is not known");
  });
};

const constant: OpRule = (op) => {
  const value = op.tensor("value");
  if (value === undefined) return fixed(op.declared(0));
  const shape = extentsOf(value.shape);
  const isInteger = value.dtype === "int32" || value.dtype === "int64";
  return fixed(
    shape,
    isInteger ? Array.from(value.data as Int32Array, (n) => literal(Number(n))) : undefined,
  );
};

const handle: OpRule = (op) => ({ kind: "handle", shape: op.shape("shape") });

const readVariable: OpRule = (op) => {
  const variable = op.input(0);
  return variable.kind === "handle" ? fixed(variable.shape ?? op.declared(0)) : refused(variable);
};

/** The rules of ops that can keep rows apart. For any other op, nothing is known. */
export const OP_RULES: ReadonlyMap<string, OpRule> = new Map<string, OpRule>([
  ...table(ELEMENTWISE, ({ inputs }) => elementwise(inputs)),
  ...table("Identity StopGradient PreventGradient Snapshot PlaceholderWithDefault", (op) =>
    op.input(0),
  ),
  ...table("IdentityN", ({ inputs }) => inputs),
  ...table("Select SelectV2", chosen),
  ...table("BiasAdd", (op) => elementwiseOnChannels(op, [op.input(1)])),
  ...table("Mean Sum Max Min Prod All Any EuclideanNorm", reduction),
  ...table("ArgMax ArgMin", arg),
  ...table("Softmax LogSoftmax", lastAxis),
  ...table("FFT RFFT IFFT IRFFT", (op) => resized(op.input(0), [-1])),
  ...table("FFT2D RFFT2D IFFT2D MatrixBandPart", (op) => along(op.input(0), [-1, -2])),
  ...table("TopK TopKV2", (op) => resized(op.input(0), [-1])),
  ...table("Cumsum Cumprod CumulativeLogsumexp ReverseV2 Roll", (op) =>
    along(op.input(0), op.node.op === "Roll" ? op.numbers(2) : axesOf(op)),
  ),
  ...table("MatMul", (op) =>
    matMul(op.input(0), op.input(1), op.bool("transpose_a", false), op.bool("transpose_b", false)),
  ),
  ...table("BatchMatMul BatchMatMulV2 BatchMatMulV3", (op) =>
    matMul(op.input(0), op.input(1), op.bool("adj_x", false), op.bool("adj_y", false)),
  ),
  ...table("Einsum", (op) => einsum(op.text("equation", ""), op.inputs)),
  ...table("Conv2D Conv3D DepthwiseConv2dNative", windowed(1)),
  ...table("AvgPool AvgPool3D MaxPool MaxPool3D LRN ExtractImagePatches", windowed(0)),
  ...table("SpaceToDepth DepthToSpace", windowed(0)),
  ...table("Conv2DBackpropInput Conv3DBackpropInputV2", transposedConvolution),
  ...table("DepthwiseConv2dNativeBackpropInput", transposedConvolution),
  ...table("ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea", (op) =>
    perImage(op.input(0), [op.input(1)]),
  ),
  ...table("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3", normalization),
  ...table("Reshape", reshaping),
  ...table("Shape", shapeOf),
  ...table("Fill", filled),
  ...table("Transpose", (op) => transpose(op.input(0), op.numbers(1))),
  ...table("ExpandDims", (op) => expand(op.input(0), op.number(1))),
  ...table("Squeeze", (op) => {
    const axes = op.ints("squeeze_dims");
    return squeeze(op.input(0), axes.length > 0 ? axes : undefined);
  }),
  ...table("ConcatV2", (op) => concat(op.inputs.slice(0, -1), op.number(op.inputs.length - 1))),
  ...table("Pack", (op) => pack(op.inputs, op.int("axis", 0))),
  ...table("Unpack", unpacked),
  ...table("Split", split(1, 0)),
  ...table("SplitV", split(0, 2)),
  ...table("Tile", (op) => tile(op.input(0), op.extents(1))),
  ...table("BroadcastTo", (op) => broadcastTo(op.input(0), op.extents(1))),
  ...table("Pad PadV2 MirrorPad", padding),
  ...table("Slice", slicing),
  ...table("StridedSlice", stridedSlice),
  ...table("GatherV2", gathering),
  ...table("Gather", (op) => gather(op.input(0), op.input(1), 0)),
  ...table("ResourceGather", gatherOfVariable),
  ...table("OneHot", oneHot),
  ...table("TensorListFromTensor", listOf),
  ...table("TensorListReserve", reserved),
  ...table("TensorListSetItem", withItem),
  ...table("TensorListGetItem", itemOf),
  ...table("TensorListStack", stacked),
  ...table("LookupTableFindV2", lookup),
  ...table("DenseBincount", counted),
  ...table("ParseExampleV2", parsed),
  ...table("Const", constant),
  ...table("VarHandleOp HashTableV2 MutableHashTableV2", handle),
  ...table("ReadVariableOp", readVariable),
  ...table("Variable VariableV2", (op) => fixed(op.shape("shape"))),
  ...table("Range LinSpace", ({ inputs }) =>
    inputs.some(countsRows)
      ? mixed("it counts rows")
      : elementwise(inputs).kind === "fixed"
        ? fixed([OPEN])
        : refused(inputs[0] as RowValue),
  ),
  ...table("Rank", (op) => {
    const value = op.input(0);
    const shape = "shape" in value ? value.shape : undefined;
    return shape ? fixed([], [literal(shape.length)]) : mixed("the rank of its input is not known");
  }),
  ...table("NoOp Assert", () => fixed([])),
]);

/** The names of the outputs of ops that have several, in order. */
export const OUTPUT_NAMES: Readonly<Record<string, readonly string[]>> = {
  TopKV2: ["values", "indices"],
  TopK: ["values", "indices"],
  FusedBatchNorm: ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
  FusedBatchNormV2: ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
  FusedBatchNormV3: [
    ...["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
    "reserve_space_3",
  ],
  ParseExampleV2: ["sparse_indices", "sparse_values", "sparse_shapes", "dense_values"],
};
