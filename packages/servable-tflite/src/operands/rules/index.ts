import type { GraphTensor } from "../../graph/graph.js";
import { extent, knownShape, unknownExtent } from "../values/extent.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { binary, cast, comparison, corners, monotone, select } from "./elementwise.js";
import * as layers from "./layers.js";
import * as parts from "./parts.js";
import * as rearrange from "./rearrange.js";
import * as reshape from "./reshape.js";
import * as slices from "./slices.js";
import * as sources from "./sources.js";

const SAME_SHAPE = `
  TANH SOFTMAX LOG_SOFTMAX EXP LOG SQRT RSQRT SIN COS SQUARE ELU HARD_SWISH LEAKY_RELU GELU QUANTIZE
  DEQUANTIZE FAKE_QUANT LOGICAL_NOT L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION SIGN BUCKETIZE
  MATRIX_SET_DIAG PRELU REAL IMAG COMPLEX_ABS RELU_N1_TO_1 STABLEHLO_CBRT
`;
const BROADCAST = "POW SQUARED_DIFFERENCE LOGICAL_AND LOGICAL_OR ATAN2 BITWISE_XOR RIGHT_SHIFT";
const COMPARISONS = "LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL";
const REDUCTIONS = "SUM MEAN REDUCE_MAX REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL";

const each = (names: string, rule: Rule): [string, Rule][] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => [name, rule]);

/** Broadcasts the operands; the elements are unknown. */
const opaque = binary(() => [Number.NaN, Number.NaN]);

const product = (a: number, b: number) => (a === 0 || b === 0 ? 0 : a * b);
const hasZero = (b: number, B: number) => b <= 0 && B >= 0;

const RULES: ReadonlyMap<string, Rule> = new Map([
  ...each(SAME_SHAPE, layers.shapeLike(0)),
  ...each(BROADCAST, (op) => opaque(op).map((tensor) => ({ ...tensor, isExact: false }))),
  ...each(COMPARISONS, comparison),
  ...each(REDUCTIONS, sources.reduction),
  ["ADD", binary((a, A, b, B) => [a + b, A + B])],
  ["SUB", binary((a, A, b, B) => [a - B, A - b])],
  ["MUL", binary(corners(product))],
  ["MAXIMUM", binary((a, A, b, B) => [Math.max(a, b), Math.max(A, B)])],
  ["MINIMUM", binary((a, A, b, B) => [Math.min(a, b), Math.min(A, B)])],
  ["FLOOR_DIV", quotient(Math.floor)],
  ["DIV", (op) => quotient(op.outputType() === "FLOAT32" ? (value) => value : Math.trunc)(op)],
  ["FLOOR_MOD", binary(remainder)],
  ["NEG", negate],
  ["ABS", absolute],
  ["RELU", monotone((value) => Math.max(value, 0))],
  ["RELU6", monotone((value) => Math.min(Math.max(value, 0), 6))],
  ["RELU_0_TO_1", monotone((value) => Math.min(Math.max(value, 0), 1))],
  ["FLOOR", monotone(Math.floor)],
  ["CEIL", monotone(Math.ceil)],
  ["LOGISTIC", layers.ranged(0, 1)],
  ["ROUND", (op) => layers.shapeLike(0)(op)],
  ["CAST", cast],
  ["SELECT", select],
  ["SELECT_V2", select],
  ["RESHAPE", reshape.reshape],
  ["SQUEEZE", reshape.squeeze],
  ["EXPAND_DIMS", reshape.expandDims],
  ["CONCATENATION", parts.concatenation],
  ["PACK", parts.pack],
  ["UNPACK", parts.unpack],
  ["SPLIT", parts.split],
  ["SPLIT_V", parts.split],
  ["TRANSPOSE", rearrange.transpose],
  ["TILE", rearrange.tile],
  ["PAD", rearrange.pad],
  ["PADV2", rearrange.pad],
  ["MIRROR_PAD", rearrange.pad],
  ["BROADCAST_TO", rearrange.broadcastTo],
  ["SLICE", slices.slice],
  ["STRIDED_SLICE", slices.stridedSlice],
  ["GATHER", slices.gather],
  ["GATHER_ND", slices.gatherNd],
  ["SCATTER_ND", slices.shapedBy(2)],
  ["SPARSE_TO_DENSE", slices.shapedBy(1)],
  ["TRANSPOSE_CONV", slices.shapedBy(0)],
  ["CONV_3D_TRANSPOSE", slices.shapedBy(0)],
  ["RANDOM_UNIFORM", slices.shapedBy(0)],
  ["RANDOM_STANDARD_NORMAL", slices.shapedBy(0)],
  ["SHAPE", sources.shapeOf],
  ["RANK", sources.rank],
  ["RANGE", sources.range],
  ["FILL", sources.fill],
  ["ZEROS_LIKE", sources.zerosLike],
  ["ONE_HOT", sources.oneHot],
  ["WHERE", sources.where],
  ["UNIQUE", sources.unique],
  ["TOPK_V2", sources.topK],
  ["ARG_MAX", sources.argument],
  ["ARG_MIN", sources.argument],
  ["NON_MAX_SUPPRESSION_V4", sources.nonMaxSuppression],
  ["NON_MAX_SUPPRESSION_V5", sources.nonMaxSuppression],
  ...each("UNSORTED_SEGMENT_SUM UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX", sources.segments),
  ["UNSORTED_SEGMENT_MIN", sources.segments],
  ["MULTINOMIAL", sources.samples],
  ["RFFT2D", sources.spectrum],
  ["CUMSUM", sources.cumulativeSum],
  ["CONV_2D", layers.convolution],
  ["DEPTHWISE_CONV_2D", layers.convolution],
  ["AVERAGE_POOL_2D", layers.pool],
  ["MAX_POOL_2D", layers.pool],
  ["L2_POOL_2D", layers.pool],
  ["FULLY_CONNECTED", layers.fullyConnected],
  ["BATCH_MATMUL", layers.batchMatmul],
  ["RESIZE_BILINEAR", layers.resize],
  ["RESIZE_NEAREST_NEIGHBOR", layers.resize],
  ["SPACE_TO_DEPTH", layers.depthAndSpace],
  ["DEPTH_TO_SPACE", layers.depthAndSpace],
  ["SPACE_TO_BATCH_ND", layers.batchAndSpace],
  ["BATCH_TO_SPACE_ND", layers.batchAndSpace],
  ["EMBEDDING_LOOKUP", layers.embeddingLookup],
  ["UNIDIRECTIONAL_SEQUENCE_LSTM", layers.sequence],
  ["UNIDIRECTIONAL_SEQUENCE_RNN", layers.sequence],
  ["REVERSE_V2", layers.rearranged],
  ["REVERSE_SEQUENCE", layers.rearranged],
  ["DILATE", layers.dilation],
  ["MATRIX_DIAG", layers.matrixDiagonal],
  ["DYNAMIC_UPDATE_SLICE", layers.updated],
]);

/** Returns the rule of an operator. Without a rule, outputs keep the file's shapes as long as the inputs do. */
export function ruleOf(name: string): Rule {
  return RULES.get(name) ?? asInFile;
}

/** Operators whose output shapes depend on values. */
const DYNAMIC = ["STABLEHLO_CUSTOM_CALL", "CUSTOM"];

/** An output that is missing in the file. */
const NO_OUTPUT: Pick<GraphTensor, "shape" | "shapeSignature"> = { shape: [], shapeSignature: [] };

const asInFile: Rule = (op) => {
  const isCustom = op.operator.customCode !== undefined || DYNAMIC.includes(op.name);
  const isStatic =
    !isCustom && op.inputs.every((input, i) => input === undefined || hasFileShape(op, i));
  return op.outputs.map((output, i) => {
    const { shape, shapeSignature } = output ?? NO_OUTPUT;
    const isFixed = isStatic && output !== undefined && !shapeSignature.includes(-1);
    // The rank is the converter's, unless the file says that it is unknown.
    const open = isCustom || shape.length === 0 ? undefined : shape.map(unknownExtent);
    const known = isFixed ? shape.map(extent) : open;
    return op.unknown(known, isFixed && op.areShapesExact, i);
  });
};

function hasFileShape(op: OperatorView, index: number): boolean {
  const known = knownShape(op.shape(index));
  const declared = op.declared[index];
  return known !== undefined && declared !== undefined && String(known) === String(declared.shape);
}

function quotient(round: (value: number) => number): Rule {
  return binary((a, A, b, B) => {
    if (hasZero(b, B)) return [Number.NaN, Number.NaN];
    return corners((x, y) => round(x / y))(a, A, b, B);
  });
}

/** The remainder has the sign of the divisor. */
function remainder(a: number, A: number, b: number, B: number): readonly [number, number] {
  if (hasZero(b, B)) return [Number.NaN, Number.NaN];
  if (a === A && b === B && Number.isSafeInteger(a)) {
    const rest = a % b;
    const signed = rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
    return [signed || 0, signed || 0];
  }
  return b > 0 ? [0, Math.min(B - 1, a >= 0 ? A : B - 1)] : [b + 1, 0];
}

function negate(op: OperatorView) {
  return monotoneOf(op, (lo, hi) => [-hi, -lo]);
}

function absolute(op: OperatorView) {
  return monotoneOf(op, (lo, hi) =>
    lo >= 0 ? [lo, hi] : hi <= 0 ? [-hi, -lo] : [0, Math.max(-lo, hi)],
  );
}

/** A unary operator, from the bounds of each element. */
function monotoneOf(
  op: OperatorView,
  bounds: (lo: number, hi: number) => readonly [number, number],
): ReturnType<Rule> {
  const x = op.input(0);
  const zero = {
    ...x,
    shape: [],
    elements: { lo: Float64Array.of(0), hi: Float64Array.of(0) },
    isExact: true,
  };
  const view = op.with([x, zero]);
  return binary((a, A) => bounds(a, A))(view);
}
