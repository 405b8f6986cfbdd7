import { hull } from "../values/elements.js";
import { elementsWithin } from "./constraint.js";
import { checkDivisor } from "./divisors.js";
import {
  axes,
  checkGather,
  checkScatter,
  firstExtents,
  indices,
  listedExtents,
  rankOf,
  within,
} from "./indices.js";
import { type KernelGeneration, MAX_STEP, type OperandRow } from "./operand-row.js";
import {
  checkMirrorPad,
  checkPermutation,
  checkSplitSizes,
  checkTile,
  checkTransposedConvolution,
} from "./shapes.js";
import { checkShrunkAxes, checkSlice } from "./slices.js";

const NONE: readonly KernelGeneration[] = [];

const ONLY_2_9: readonly KernelGeneration[] = ["2.9"];

const SINCE_2_21: readonly KernelGeneration[] = ["2.21"];

const ALL: readonly KernelGeneration[] = ["2.9", "2.21"];

/** Every operand of a builtin operator that is an index, a size or a divisor, in the order of the schema. */
export const OPERAND_TABLE: readonly OperandRow[] = [
  {
    operators: ["GATHER"],
    checkedBy: SINCE_2_21,
    operand: "indices",
    check: checkGather,
  },
  {
    // 2.21 only checks the combined offset of a tuple, and divides by the extents.
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
