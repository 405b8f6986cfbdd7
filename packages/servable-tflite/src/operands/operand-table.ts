import { type Allowed, elementsWithin, type Finding, required } from "./constraint.js";
import { axisOf, numbersOf } from "./rules/layout.js";
import { masksOf } from "./rules/slices.js";
import { hull, isUniform, rangeAt } from "./values/elements.js";
import { type Extent, elementsOf, isKnown, knownShape, listLength } from "./values/extent.js";
import type { OperatorView } from "./values/operator-view.js";

/** The versions of TensorFlow Lite that the table knows: those below 2.21 as 2.9, all others as 2.21. */
export type KernelGeneration = "2.9" | "2.21";

/** An operand whose values a kernel uses as an index, a size or a divisor. */
export interface OperandRow {
  /** Names of operators. */
  readonly operators: readonly string[];
  readonly operand: string;
  /** The generations whose kernels return an error for every value that `check` rejects. */
  readonly checkedBy: readonly KernelGeneration[];
  /** Generations whose kernels accept some wrong values, but stay within their memory. */
  readonly boundedBy?: readonly KernelGeneration[];
  /** Whether the operand holds what the kernel needs. */
  readonly check: (op: OperatorView) => Finding;
}

const NONE: readonly KernelGeneration[] = [];
const ONLY_2_9: readonly KernelGeneration[] = ["2.9"];
const SINCE_2_21: readonly KernelGeneration[] = ["2.21"];
const ALL: readonly KernelGeneration[] = ["2.9", "2.21"];

/** Sums of two such values and an extent stay in an int32. */
const MAX_STEP = 2 ** 30;

const NO_EXTENT: Extent = { lo: 0, hi: 0 };

/**
 * Indices into the extents that `along` returns for each place of the operand's last dimension. They are
 * the values of operand `list`, or of a shape.
 */
function indices(
  operand: string,
  input: number,
  along: (op: OperatorView) => readonly Extent[] | undefined,
  list?: number,
): Pick<OperandRow, "operand" | "check"> {
  return {
    operand,
    check(op) {
      const tensor = op.input(input);
      const extents = along(op) ?? [NO_EXTENT];
      const period = Math.max(extents.length, 1);
      const isBelow =
        tensor.below?.length === period &&
        tensor.below.every((each, i) => each === extents[i] || each.hi <= (extents[i]?.lo ?? 0));
      const allowed: Allowed = (i) =>
        isBelow
          ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
          : [0, (extents[i % period]?.lo ?? 0) - 1];
      const isExact = op.areShapesExact && (list === undefined || op.input(list).isExact);
      return elementsWithin(operand, input, tensor, allowed, {
        isExact,
        isSafe: extents.every(({ lo }) => lo > 0),
        period,
      });
    },
  };
}

/** An axis, or a list of axes. */
const axes = (input: number, rank: (op: OperatorView) => number | undefined) => ({
  operand: "axis",
  check: (op: OperatorView) => {
    const size = rank(op) ?? 0;
    return elementsWithin("axis", input, op.input(input), () => [-size, size - 1]);
  },
});

const rankOf = (input: number) => (op: OperatorView) => op.shape(input)?.length;

/** Values from `least` to `most`, each. */
const within = (operand: string, input: number, least: number, most: number) => ({
  operand,
  check: (op: OperatorView) => elementsWithin(operand, input, op.input(input), () => [least, most]),
});

const depthOf = (op: OperatorView, input: number) => {
  const depth = op.shape(input)?.at(-1);
  return depth !== undefined && isKnown(depth) ? depth.lo : undefined;
};

/** The extents that tuples of indices refer to: the first of a tensor. */
const firstExtents = (data: number, tuples: number) => (op: OperatorView) => {
  const depth = depthOf(op, tuples);
  const shape = op.shape(data);
  return depth === undefined || shape === undefined || depth > shape.length
    ? undefined
    : shape.slice(0, depth);
};

/** The extents that an operand lists. */
const listedExtents = (list: number, tuples: number) => (op: OperatorView) => {
  const isVector = (op.shape(tuples)?.length ?? 0) < 2;
  const depth = isVector ? 1 : listLength(op.shape(tuples)?.slice(-1));
  const { elements } = op.input(list);
  return depth === undefined
    ? undefined
    : Array.from({ length: depth }, (_, i) => {
        const [lo, hi] = rangeAt(elements, i);
        return { lo, hi };
      });
};

/** Every operand of a builtin operator that is an index, a size or a divisor, in the order of the schema. */
export const OPERAND_TABLE: readonly OperandRow[] = [
  {
    operators: ["GATHER"],
    checkedBy: SINCE_2_21,
    operand: "indices",
    check: checkGather,
  },
  {
    // 2.21 checks only where a tuple ends up as a whole, and divides by the extents.
    operators: ["GATHER_ND"],
    checkedBy: NONE,
    boundedBy: SINCE_2_21,
    ...indices("indices", 1, firstExtents(0, 1)),
  },
  {
    operators: ["SCATTER_ND"],
    checkedBy: NONE,
    ...indices("indices", 0, listedExtents(2, 0), 2),
  },
  { operators: ["SCATTER_ND"], checkedBy: NONE, ...within("shape", 2, 1, MAX_STEP) },
  {
    operators: ["SPARSE_TO_DENSE"],
    checkedBy: NONE,
    ...indices("indices", 0, listedExtents(1, 0), 1),
  },
  { operators: ["SPARSE_TO_DENSE"], checkedBy: NONE, ...within("shape", 1, 0, MAX_STEP) },
  { operators: ["SLICE"], checkedBy: NONE, operand: "begin", check: checkSlice },
  { operators: ["STRIDED_SLICE"], checkedBy: NONE, operand: "begin", check: checkShrunkAxes },
  { operators: ["STRIDED_SLICE"], checkedBy: NONE, ...within("strides", 3, -MAX_STEP, MAX_STEP) },
  {
    operators: ["TOPK_V2"],
    checkedBy: ONLY_2_9,
    operand: "k",
    check: (op) => {
      const most = op.shape(0)?.at(-1)?.lo ?? 0;
      return elementsWithin("k", 1, op.input(1), () => [1, most], { isExact: op.areShapesExact });
    },
  },
  { operators: ["TILE"], checkedBy: NONE, operand: "multiples", check: checkTile },
  { operators: ["PAD", "PADV2"], checkedBy: NONE, ...within("paddings", 1, 0, MAX_STEP) },
  { operators: ["MIRROR_PAD"], checkedBy: NONE, operand: "paddings", check: checkMirrorPad },
  {
    operators: ["REVERSE_SEQUENCE"],
    checkedBy: NONE,
    operand: "seq_lengths",
    check: (op) => {
      const along = op.shape(0)?.[op.options?.int32(0) ?? 0];
      const isExact = op.areShapesExact;
      return elementsWithin("seq_lengths", 1, op.input(1), () => [0, along?.lo ?? -1], { isExact });
    },
  },
  { operators: ["TRANSPOSE"], checkedBy: NONE, operand: "perm", check: checkPermutation },
  { operators: ["SPLIT_V"], checkedBy: SINCE_2_21, operand: "size_splits", check: checkSplitSizes },
  {
    operators: ["ONE_HOT"],
    checkedBy: NONE,
    ...within("depth", 1, 0, MAX_STEP),
  },
  {
    operators: ["EMBEDDING_LOOKUP_SPARSE"],
    checkedBy: NONE,
    ...indices("indices", 1, listedExtents(2, 1), 2),
  },
  {
    operators: ["EMBEDDING_LOOKUP_SPARSE"],
    checkedBy: NONE,
    ...within("dense_shape", 2, 0, MAX_STEP),
  },
  { operators: ["SPACE_TO_BATCH_ND"], checkedBy: NONE, ...within("paddings", 2, 0, MAX_STEP) },
  { operators: ["BATCH_TO_SPACE_ND"], checkedBy: NONE, ...within("crops", 2, 0, MAX_STEP) },
  {
    operators: ["TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"],
    checkedBy: NONE,
    operand: "output_shape",
    check: checkTransposedConvolution,
  },
  {
    operators: ["RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"],
    checkedBy: NONE,
    ...within("shape", 0, 0, MAX_STEP),
  },
  { operators: ["DIV", "FLOOR_MOD"], checkedBy: NONE, operand: "divisor", check: checkDivisor },
  { operators: ["DILATE"], checkedBy: NONE, ...within("dilations", 1, 1, MAX_STEP) },
  {
    operators: ["STABLEHLO_GATHER"],
    checkedBy: NONE,
    ...within("start_indices", 1, 0, MAX_STEP),
  },
  {
    operators: ["STABLEHLO_SCATTER"],
    checkedBy: NONE,
    operand: "scatter_indices",
    check: checkScatter,
  },

  // Kernels of all versions return an error, or the result that the operator defines.
  {
    operators: ["EMBEDDING_LOOKUP"],
    checkedBy: ALL,
    ...indices("ids", 0, (op) => op.shape(1)?.slice(0, 1)),
  },
  { operators: ["SEGMENT_SUM"], checkedBy: ALL, ...within("segment_ids", 1, 0, MAX_STEP) },
  {
    operators: [
      "UNSORTED_SEGMENT_SUM",
      "UNSORTED_SEGMENT_PROD",
      "UNSORTED_SEGMENT_MAX",
      "UNSORTED_SEGMENT_MIN",
    ],
    checkedBy: SINCE_2_21,
    operand: "segment_ids",
    check: (op) => {
      const [count] = hull(op.input(2).elements);
      return elementsWithin("segment_ids", 1, op.input(1), () => [
        Number.NEGATIVE_INFINITY,
        count - 1,
      ]);
    },
  },
  {
    operators: ["REVERSE_V2", "CUMSUM", "ARG_MAX", "ARG_MIN"],
    checkedBy: ALL,
    ...axes(1, rankOf(0)),
  },
  {
    operators: [
      "SUM",
      "MEAN",
      "REDUCE_MAX",
      "REDUCE_MIN",
      "REDUCE_PROD",
      "REDUCE_ANY",
      "REDUCE_ALL",
    ],
    checkedBy: ALL,
    ...axes(1, rankOf(0)),
  },
  { operators: ["SPLIT"], checkedBy: ALL, ...axes(0, rankOf(1)) },
  {
    operators: ["EXPAND_DIMS"],
    checkedBy: ALL,
    ...axes(1, (op) => (op.shape(0)?.length ?? 0) + 1),
  },
];

const gathered = indices("indices", 1, (op) => {
  const axis = axisOf(op.options?.int32(0) ?? 0, op.shape(0)?.length ?? 0);
  const along = axis === undefined ? undefined : op.shape(0)?.[axis];
  return along && [along];
});

/** Kernels for strings check indices in all versions. */
function checkGather(op: OperatorView): Finding {
  const finding = gathered.check(op);
  return op.input(0).type === "STRING" ? { ...finding, isShown: true } : finding;
}

function checkSlice(op: OperatorView): Finding {
  const [x, begin, size] = [op.input(0), op.input(1), op.input(2)];
  const isInside = x.shape?.every((whole, i) => {
    const [first, last] = rangeAt(begin.elements, i);
    const [least, most] = rangeAt(size.elements, i);
    return first >= 0 && least >= -1 && last + Math.max(most, 0) <= whole.lo;
  });
  return required("begin", 1, begin, {
    isShown: isInside ?? false,
    isExact: size.isExact && op.areShapesExact,
    expected: `begin >= 0 and begin + size <= [${extentsText(x.shape)}], with size [${rangesText(op, 2)}]`,
  });
}

const extentsText = (shape: readonly Extent[] | undefined) =>
  shape?.map(({ lo, hi }) => (lo === hi ? lo : `${lo}..${hi}`)) ?? "?";

function rangesText(op: OperatorView, input: number): string {
  const { elements } = op.input(input);
  const count = isUniform(elements) ? 1 : Math.min(elements.lo.length, 8);
  return Array.from({ length: count }, (_, i) =>
    [...new Set(rangeAt(elements, i))].join(".."),
  ).join(",");
}

/** A begin outside clamps, but not along an axis that the result loses. */
function checkShrunkAxes(op: OperatorView): Finding {
  const { begin: open, shrink, isOffset, ellipsis, newAxis } = masksOf(op);
  const begin = op.input(1);
  const { shape } = op.input(0);
  const count = listLength(begin.shape) ?? 0;
  const isMoved = ellipsis !== 0 || newAxis !== 0 || isOffset;
  const isInside = Array.from({ length: count }, (_, i) => {
    if ((shrink & (1 << i)) === 0 || (open & (1 << i)) !== 0) return true;
    const [lo, hi] = rangeAt(begin.elements, i);
    const whole = isMoved ? shrunkExtent(shape) : shape?.[i]?.lo;
    return lo >= -(whole ?? 0) && hi < (whole ?? 0);
  });
  return required("begin", 1, begin, {
    isShown: shrink === 0 || (isInside.every(Boolean) && count > 0),
    isExact: op.areShapesExact,
    expected: `indices of extents [${extentsText(shape)}]`,
  });
}

/** With an ellipsis or new axes, the least of all extents stands for the one that an index refers to. */
const shrunkExtent = (shape: readonly Extent[] | undefined) =>
  shape === undefined ? 0 : Math.min(...shape.map(({ lo }) => lo));

function checkTile(op: OperatorView): Finding {
  const [x, multiples] = [op.input(0), op.input(1)];
  const bytes = x.shape?.reduce(
    (size, { hi }, i) => size * Math.max(hi * rangeAt(multiples.elements, i)[1], 1),
    1,
  );
  const [least] = hull(multiples.elements);
  return required("multiples", 1, multiples, {
    isShown: least >= 0 && bytes !== undefined && bytes < MAX_STEP,
    isExact: op.areShapesExact,
    expected: `multiples >= 0 and fewer than 2^30 elements, with shape [${extentsText(x.shape)}]`,
  });
}

function checkMirrorPad(op: OperatorView): Finding {
  const isSymmetric = (op.options?.uint8(0) ?? 0) === 1;
  const shape = op.shape(0);
  const allowed: Allowed = (i) => [
    0,
    (shape?.[Math.floor(i / 2)]?.lo ?? 0) - (isSymmetric ? 0 : 1),
  ];
  return elementsWithin("paddings", 1, op.input(1), allowed, {
    isExact: op.areShapesExact,
    period: Math.max(1, 2 * (shape?.length ?? 0)),
  });
}

function checkPermutation(op: OperatorView): Finding {
  const perm = op.input(1);
  const rank = op.shape(0)?.length;
  const list = numbersOf(perm) ?? [];
  const isPermutation =
    list.length === rank &&
    new Set(list).size === rank &&
    list.every((axis) => axis >= 0 && axis < list.length);
  return required("perm", 1, perm, {
    isShown: isPermutation,
    isExact: op.areShapesExact,
    expected: `each of the ${rank ?? "?"} axes once`,
  });
}

function checkSplitSizes(op: OperatorView): Finding {
  const sizes = op.input(1);
  const [axis] = numbersOf(op.input(2)) ?? [];
  const shape = op.shape(0);
  const at = axis === undefined || shape === undefined ? undefined : axisOf(axis, shape.length);
  const whole = at === undefined ? undefined : shape?.[at];
  const list = numbersOf(sizes) ?? [];
  const rest = list.filter((size) => size === -1).length;
  const used = list.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const isWhole =
    whole !== undefined &&
    list.length === op.outputs.length &&
    list.every((size) => size >= -1) &&
    (rest === 1 ? used <= whole.lo : rest === 0 && isKnown(whole) && used === whole.lo);
  return required("size_splits", 1, sizes, {
    isShown: isWhole,
    isExact: op.areShapesExact && op.input(2).isExact,
    expected: `sizes whose sum is the extent of axis ${axis ?? "?"} of [${extentsText(shape)}]`,
  });
}

/** Batch, channels and the extents that a convolution with these strides reduces to those of the input. */
function checkTransposedConvolution(op: OperatorView): Finding {
  const [target, weights, x] = [op.input(0), op.shape(1), op.shape(2)];
  const filter = knownShape(weights);
  const is3d = op.name === "CONV_3D_TRANSPOSE";
  const strides = is3d ? [1, 3, 2] : [2, 1];
  const allowed: Allowed = (i) => {
    if (filter === undefined || x === undefined) return [0, -1];
    if (i === 0) return [x[0]?.lo ?? 0, x[0]?.lo ?? 0];
    if (i === x.length - 1) return [filter.at(is3d ? -2 : 0) ?? 0, filter.at(is3d ? -2 : 0) ?? 0];
    const stride = Math.max(op.options?.int32(strides[i - 1] as number) ?? 1, 1);
    const size = filter[is3d ? i - 1 : i] as number;
    const whole = x[i]?.lo ?? 0;
    const isSame = (op.options?.uint8(0) ?? 0) === 0;
    return isSame
      ? [(whole - 1) * stride + 1, whole * stride]
      : [Math.max(whole * stride + size - stride, 1), whole * stride + size - 1];
  };
  const isExact = op.areShapesExact && (x?.every(isKnown) ?? false);
  return elementsWithin("output_shape", 0, target, allowed, { isExact, period: x?.length ?? 1 });
}

/** The processor traps a division of integers by 0, and of the least one by -1. */
function checkDivisor(op: OperatorView): Finding {
  const [x, divisor] = [op.input(0), op.input(1)];
  const least = x.type === "INT64" ? -(2 ** 63) : -(2 ** 31);
  const isInteger = x.type === "INT32" || x.type === "INT64";
  const [lo, hi] = hull(divisor.elements);
  const hasZero = lo <= 0 && hi >= 0 && isTrapped(divisor.elements, 0);
  const hasMinusOne = lo <= -1 && hi >= -1 && isTrapped(divisor.elements, -1);
  const isShown = !isInteger || (!hasZero && !(hasMinusOne && hull(x.elements)[0] <= least));
  return required("divisor", 1, divisor, {
    isShown: isShown || elementsOf(divisor.shape).hi === 0,
    isExact: x.isExact && op.areShapesExact,
    expected: `divisors other than 0, and other than -1 for ${least}`,
  });
}

function isTrapped({ lo, hi }: { lo: Float64Array; hi: Float64Array }, value: number): boolean {
  return lo.some((least, i) => least <= value && (hi[i] as number) >= value);
}

/** Each component of an index refers to a dimension of the operand. */
function checkScatter(op: OperatorView): Finding {
  const shape = op.shape(0);
  const dimensions = op.operator.options2?.int64s(3).map(Number) ?? [];
  const extents = dimensions.map((d) => shape?.[d]?.lo ?? 0);
  const period = Math.max(1, extents.length);
  const least = Math.min(...extents, MAX_STEP);
  const isLast = Number(op.operator.options2?.int64(4) ?? 0n) === (op.shape(1)?.length ?? 0) - 1;
  const allowed: Allowed = (i) => [0, (isLast ? (extents[i % period] ?? 0) : least) - 1];
  return elementsWithin("scatter_indices", 1, op.input(1), allowed, {
    isExact: op.areShapesExact,
    period,
  });
}
