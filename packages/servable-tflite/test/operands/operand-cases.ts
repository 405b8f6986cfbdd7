import { type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import type { KernelGeneration } from "../../src/operands/checks/operand-row.js";
import {
  buildModel,
  type OperatorDraft,
  type SubgraphDraft,
  type TensorDraft,
} from "./build-model.js";

/** A model of one operator, and values of one of its operands. */
export interface OperandCase {
  readonly name: string;
  readonly operator: string;
  /** The operand of the table that the values probe; absent for the size of the result. */
  readonly operand?: string;
  readonly model: Uint8Array;
  readonly inputs: (values: readonly number[]) => Tensors;
  readonly values: readonly (readonly number[])[];
  /** Returns whether the operator defines a result for the values, of at most 1 GiB. */
  readonly isValid: (values: readonly number[]) => boolean;
  /** The result of valid values. */
  readonly shape: (values: readonly number[]) => readonly number[];
  /** The numbers that may be in the result: those of the inputs, and of paddings. */
  readonly contents: readonly number[];
  /** Generations that do not have the operator. */
  readonly absentIn?: readonly KernelGeneration[];
}

const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;
/** The operands' values other than indices. */
const CONTENT = 7;

/** The values that each operand is probed with; `extent` is the first that is out of range. */
const single = (extent: number) =>
  [...new Set([LEAST, -1, 0, 1, extent - 1, extent, 65_536, MOST])].map((value) => [value]);

const pairs = [
  [46_341, 46_341],
  [65_536, 65_536],
  [MOST, MOST],
  [MOST, 2],
  [0, MOST],
  [-1, -1],
  [LEAST, LEAST],
  [1_000_000, 1_000_000],
];

const GIB = 2 ** 30;
const MAX_ELEMENTS = GIB / 4;

const filled = (shape: readonly number[], value = CONTENT): Tensor =>
  tensor(
    "float32",
    shape,
    Array.from({ length: size(shape) }, () => value),
  );
const size = (shape: readonly number[]) => shape.reduce((product, each) => product * each, 1);
const int32 = (shape: readonly number[], values: readonly number[]): Tensor =>
  tensor("int32", shape, Int32Array.from(values));

interface Draft extends Omit<OperandCase, "model" | "contents" | "operator"> {
  readonly contents?: readonly number[];
  readonly inputs: OperandCase["inputs"];
  readonly tensors: readonly TensorDraft[];
  readonly outputs: readonly TensorDraft[];
  readonly nested?: SubgraphDraft;
  readonly op: Pick<OperatorDraft, "name" | "version" | "options" | "options2">;
}

/** Tensors without data are the inputs of the model. */
function caseOf({
  tensors,
  outputs,
  op,
  nested,
  contents = [CONTENT],
  ...rest
}: Draft): OperandCase {
  const names = (list: readonly TensorDraft[]) => list.map(({ name }) => name);
  const main = {
    tensors: [...tensors, ...outputs],
    inputs: names(tensors.filter(({ data }) => data === undefined)),
    outputs: names(outputs),
    operators: [{ ...op, inputs: names(tensors), outputs: names(outputs) }],
  };
  const model = nested === undefined ? buildModel(main) : buildModel(main, nested);
  return { ...rest, operator: op.name, model, contents };
}

const x: TensorDraft = { name: "x", shape: [8, 4] };
const operand = (shape: readonly number[], name = "v"): TensorDraft => ({
  name,
  type: "INT32",
  shape,
});
const constant = (name: string, ...values: number[]): TensorDraft => ({
  name,
  type: "INT32",
  shape: [values.length],
  data: Int32Array.from(values),
});
const scalar = (name: string, value: number): TensorDraft => ({
  name,
  shape: [],
  data: Float32Array.of(value),
});
const result = (shape: readonly number[], type = "FLOAT32"): TensorDraft => ({
  name: "y",
  shape,
  type,
});

const isIndex = (extent: number) => (values: readonly number[]) =>
  values.every((value) => value >= 0 && value < extent);

/** Both values of a pair, or the only value and `other`. */
const both = ([first = 0, second]: readonly number[], other: number) =>
  [first, second ?? other] as const;

const fits = (...extents: readonly number[]) =>
  extents.every((each) => each >= 0 && each <= MOST) &&
  extents.reduce((product, each) => product * Math.max(each, 1), 1) <= MAX_ELEMENTS;

export const operandCases: readonly OperandCase[] = [
  caseOf({
    name: "GATHER",
    operand: "indices",
    op: { name: "GATHER", options: [23, {}] },
    tensors: [x, operand([1])],
    outputs: [result([1, 4])],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([1], values) }),
    values: single(8),
    isValid: isIndex(8),
    shape: () => [1, 4],
  }),
  caseOf({
    name: "GATHER of a batch",
    operand: "indices",
    op: {
      name: "GATHER",
      version: 5,
      options: [23, { 0: { kind: "i32", value: 1 }, 1: { kind: "i32", value: 1 } }],
    },
    tensors: [{ name: "x", shape: [2, 4] }, operand([2, 1])],
    outputs: [result([2, 1])],
    inputs: ([value = 0]) => ({ x: filled([2, 4]), v: int32([2, 1], [value, 0]) }),
    values: single(4),
    isValid: isIndex(4),
    shape: () => [2, 1],
  }),
  caseOf({
    name: "GATHER_ND",
    operand: "indices",
    op: { name: "GATHER_ND" },
    tensors: [x, operand([1, 1])],
    outputs: [result([1, 4])],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([1, 1], values) }),
    values: [...single(8), [2 ** 29], [2 ** 30]],
    isValid: isIndex(8),
    shape: () => [1, 4],
  }),
  caseOf({
    name: "GATHER_ND of pairs",
    operand: "indices",
    op: { name: "GATHER_ND" },
    tensors: [x, operand([1, 2])],
    outputs: [result([1])],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([1, 2], values) }),
    values: [...pairs, [0, 4], [8, -1], [7, 3], [1, -4]],
    isValid: ([i = 0, j = 0]) => isIndex(8)([i]) && isIndex(4)([j]),
    shape: () => [1],
  }),
  caseOf({
    name: "SCATTER_ND",
    operand: "indices",
    op: { name: "SCATTER_ND" },
    tensors: [operand([1, 1]), { name: "x", shape: [1, 4] }, constant("shape", 8, 4)],
    outputs: [result([8, 4])],
    inputs: (values) => ({ x: filled([1, 4]), v: int32([1, 1], values) }),
    values: [...single(8), [2 ** 30]],
    isValid: isIndex(8),
    shape: () => [8, 4],
    contents: [CONTENT, 0],
  }),
  caseOf({
    name: "SCATTER_ND of pairs",
    operand: "indices",
    op: { name: "SCATTER_ND" },
    tensors: [operand([1, 2]), { name: "x", shape: [1] }, constant("shape", 8, 4)],
    outputs: [result([8, 4])],
    inputs: (values) => ({ x: filled([1]), v: int32([1, 2], values) }),
    values: [...pairs, [0, 4], [8, -4], [7, 3]],
    isValid: ([i = 0, j = 0]) => isIndex(8)([i]) && isIndex(4)([j]),
    shape: () => [8, 4],
    contents: [CONTENT, 0],
  }),
  caseOf({
    name: "SCATTER_ND to a shape",
    operand: "shape",
    op: { name: "SCATTER_ND" },
    tensors: [{ ...constant("i", 0), shape: [1, 1] }, { name: "x", shape: [1, 4] }, operand([2])],
    outputs: [result([-1, -1])],
    inputs: ([value = 0]) => ({ x: filled([1, 4]), v: int32([2], [value, 4]) }),
    values: [...single(8), [2 ** 29], [2 ** 30]],
    isValid: ([value = 0]) => value > 0 && fits(value, 4),
    shape: ([value = 0]) => [value, 4],
    contents: [CONTENT, 0],
  }),
  caseOf({
    name: "SPARSE_TO_DENSE",
    operand: "indices",
    op: { name: "SPARSE_TO_DENSE" },
    tensors: [operand([1, 2]), constant("shape", 8, 4), { name: "x", shape: [1] }, scalar("d", 0)],
    outputs: [result([-1, -1])],
    inputs: (values) => ({ x: filled([1]), v: int32([1, 2], both(values, 0)) }),
    values: [...single(8), ...pairs, [0, 4], [7, 3]],
    isValid: ([i = 0, j = 0]) => isIndex(8)([i]) && isIndex(4)([j]),
    shape: () => [8, 4],
    contents: [CONTENT, 0],
  }),
  ...sliceCases(),
  ...stridedSliceCases(),
  caseOf({
    name: "TOPK_V2",
    operand: "k",
    op: { name: "TOPK_V2" },
    tensors: [x, operand([])],
    outputs: [result([-1, -1]), { name: "i", type: "INT32", shape: [-1, -1] }],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([], values) }),
    values: single(5),
    // 0 is a valid k, but 2.21 frees memory twice then.
    isValid: ([k = 0]) => k >= 0 && k <= 4,
    shape: ([k = 0]) => [8, k],
    contents: [CONTENT, 0, 1, 2, 3],
  }),
  ...(["8 x 4", "1 x 1"] as const).map((name) => {
    const shape = name === "8 x 4" ? [8, 4] : [1, 1];
    const [rows = 1, columns = 1] = shape;
    return caseOf({
      name: `TILE of ${name}`,
      operand: "multiples",
      op: { name: "TILE" },
      tensors: [{ name: "x", shape }, operand([2])],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ x: filled(shape), v: int32([2], both(values, 1)) }),
      values: [...single(8), ...pairs],
      isValid: (values) => {
        const [first, second] = both(values, 1);
        return fits(first * rows, second * columns);
      },
      shape: (values) => {
        const [first, second] = both(values, 1);
        return [first * rows, second * columns];
      },
    });
  }),
  ...padCases(),
  caseOf({
    name: "REVERSE_SEQUENCE",
    operand: "seq_lengths",
    op: {
      name: "REVERSE_SEQUENCE",
      options: [87, { 0: { kind: "i32", value: 1 }, 1: { kind: "i32", value: 0 } }],
    },
    tensors: [{ name: "x", shape: [2, 8] }, operand([2])],
    outputs: [result([2, 8])],
    inputs: (values) => ({ x: filled([2, 8]), v: int32([2], both(values, 1)) }),
    values: [...single(9), ...pairs, [1, 9]],
    isValid: (values) => values.every((value) => value >= 0 && value <= 8),
    shape: () => [2, 8],
  }),
  caseOf({
    name: "TRANSPOSE",
    operand: "perm",
    op: { name: "TRANSPOSE" },
    tensors: [x, operand([2])],
    outputs: [result([-1, -1])],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([2], both(values, 0)) }),
    values: [...single(2), ...pairs, [0, 0], [1, 1], [0, 1]],
    isValid: (values) => [...both(values, 0)].sort().join() === "0,1",
    shape: (values) => (both(values, 0)[0] === 1 ? [4, 8] : [8, 4]),
  }),
  caseOf({
    name: "SPLIT_V",
    operand: "size_splits",
    op: { name: "SPLIT_V", options: [79, { 0: { kind: "i32", value: 2 } }] },
    tensors: [x, operand([2]), { ...constant("axis", 0), shape: [] }],
    outputs: [result([-1, -1]), { name: "z", shape: [-1, -1] }],
    inputs: (values) => ({
      x: filled([8, 4]),
      v: int32([2], both(values, (8 - (values[0] ?? 0)) | 0)),
    }),
    values: [...single(9), ...pairs, [-1, 3], [3, -1], [-2, 10]],
    isValid: (values) => {
      const [first, second] = both(values, (8 - (values[0] ?? 0)) | 0);
      const rest = [first, second].filter((each) => each === -1).length;
      const sum = Math.max(first, 0) + Math.max(second, 0);
      return first >= -1 && second >= -1 && (rest === 1 ? sum <= 8 : rest === 0 && sum === 8);
    },
    shape: ([first = 0, second = (8 - first) | 0]) => [first === -1 ? 8 - second : first, 4],
  }),
  caseOf({
    name: "ONE_HOT indices",
    op: { name: "ONE_HOT", options: [61, { 0: { kind: "i32", value: -1 } }] },
    tensors: [
      operand([1]),
      { ...constant("d", 4), shape: [] },
      scalar("on", CONTENT),
      scalar("off", 0),
    ],
    outputs: [result([1, 4])],
    inputs: (values) => ({ v: int32([1], values) }),
    values: single(4),
    isValid: () => true,
    shape: () => [1, 4],
    contents: [CONTENT, 0],
  }),
  caseOf({
    name: "ONE_HOT",
    operand: "depth",
    op: { name: "ONE_HOT", options: [61, { 0: { kind: "i32", value: -1 } }] },
    tensors: [constant("i", 0, 1, 2), operand([]), scalar("on", CONTENT), scalar("off", 0)],
    outputs: [result([3, -1])],
    inputs: (values) => ({ v: int32([], values) }),
    values: single(4),
    isValid: ([depth = 0]) => fits(depth, 3),
    shape: ([depth = 0]) => [3, depth],
    contents: [CONTENT, 0],
  }),
  ...blockCases(),
  ...stablehloCases(),
  ...sizedCases(),
  ...axisCases(),
  caseOf({
    name: "EMBEDDING_LOOKUP",
    operand: "ids",
    op: { name: "EMBEDDING_LOOKUP" },
    tensors: [operand([1]), x],
    outputs: [result([1, 4])],
    inputs: (values) => ({ x: filled([8, 4]), v: int32([1], values) }),
    values: single(8),
    isValid: isIndex(8),
    shape: () => [1, 4],
  }),
  caseOf({
    name: "SEGMENT_SUM",
    operand: "segment_ids",
    op: { name: "SEGMENT_SUM" },
    tensors: [{ name: "x", shape: [2, 4] }, operand([2])],
    outputs: [result([-1, 4])],
    inputs: ([value = 0]) => ({ x: filled([2, 4]), v: int32([2], [0, value]) }),
    values: single(2),
    isValid: isIndex(2),
    shape: ([value = 0]) => [value + 1, 4],
    contents: [CONTENT, 2 * CONTENT],
  }),
  caseOf({
    name: "UNSORTED_SEGMENT_SUM",
    operand: "segment_ids",
    op: { name: "UNSORTED_SEGMENT_SUM" },
    tensors: [{ name: "x", shape: [2, 4] }, operand([2]), { ...constant("n", 3), shape: [] }],
    outputs: [result([-1, 4])],
    inputs: ([value = 0]) => ({ x: filled([2, 4]), v: int32([2], [0, value]) }),
    values: single(3),
    // Negative segments are left out.
    isValid: ([value = 0]) => value < 3,
    shape: () => [3, 4],
    contents: [CONTENT, 2 * CONTENT, 0],
    absentIn: ["2.9"],
  }),
  caseOf({
    name: "DYNAMIC_UPDATE_SLICE",
    op: { name: "DYNAMIC_UPDATE_SLICE" },
    tensors: [x, { name: "u", shape: [1, 4] }, operand([2])],
    outputs: [result([8, 4])],
    inputs: (values) => ({
      x: filled([8, 4]),
      u: filled([1, 4], 5),
      v: int32([2], both(values, 0)),
    }),
    values: [...single(8), ...pairs],
    isValid: () => true,
    shape: () => [8, 4],
    contents: [CONTENT, 5],
  }),
  ...(["DIV", "FLOOR_MOD"] as const).map((name) =>
    caseOf({
      name,
      operand: "divisor",
      op: { name, ...(name === "DIV" && { options: [29, {}] as const }) },
      tensors: [operand([1], "x"), operand([1])],
      outputs: [result([1], "INT32")],
      inputs: ([dividend = 0, divisor = 0]) => ({
        x: int32([1], [dividend]),
        v: int32([1], [divisor]),
      }),
      values: [
        [7, 1],
        [7, 0],
        [7, -1],
        [LEAST, -1],
        [LEAST, 0],
        [0, 0],
        [MOST, -1],
      ],
      isValid: ([dividend = 0, divisor = 0]) =>
        divisor !== 0 && !(dividend === LEAST && divisor === -1),
      shape: () => [1],
      contents: name === "DIV" ? [7, -7, -MOST] : [0],
    }),
  ),
];

function sliceCases(): OperandCase[] {
  const begins = (name: string, size: number, out: number) =>
    caseOf({
      name,
      operand: "begin",
      op: { name: "SLICE" },
      tensors: [x, operand([2]), constant("size", size, 4)],
      outputs: [result([out, out === -1 ? -1 : 4])],
      inputs: ([value = 0]) => ({ x: filled([8, 4]), v: int32([2], [value, 0]) }),
      values: single(8),
      isValid: ([begin = 0]) => begin >= 0 && begin + Math.max(size, 0) <= 8,
      shape: ([begin = 0]) => [size === -1 ? 8 - begin : size, 4],
    });
  const sizes = (begin: number) =>
    caseOf({
      name: `SLICE size from ${begin}`,
      operand: "begin",
      op: { name: "SLICE" },
      tensors: [x, constant("begin", begin, 0), operand([2])],
      outputs: [result([-1, -1])],
      inputs: ([value = 0]) => ({ x: filled([8, 4]), v: int32([2], [value, 4]) }),
      values: single(9),
      isValid: ([size = 0]) => size >= -1 && begin + size <= 8,
      shape: ([size = 0]) => [size === -1 ? 8 - begin : size, 4],
    });
  return [
    begins("SLICE begin, result of known size", 1, 1),
    begins("SLICE begin", 1, -1),
    begins("SLICE begin to the end", -1, -1),
    sizes(0),
    sizes(1),
    caseOf({
      name: "SLICE of an input that is too small",
      operand: "begin",
      op: { name: "SLICE" },
      tensors: [{ name: "x", shape: [-1, 4] }, constant("begin", 0, 0), constant("size", 8, 4)],
      outputs: [result([8, 4])],
      inputs: ([rows = 0]) => ({ x: filled([rows, 4]) }),
      values: [[8], [1], [7], [9], [0]],
      isValid: ([rows = 0]) => rows >= 8,
      shape: () => [8, 4],
    }),
  ];
}

function stridedSliceCases(): OperandCase[] {
  const op = (shrink: number) => ({
    name: "STRIDED_SLICE",
    options: [32, { 4: { kind: "i32", value: shrink } }] as const,
  });
  const count = (from: number, to: number, step: number) => {
    const start = Math.min(Math.max(from < 0 ? from + 8 : from, 0), step > 0 ? 8 : 7);
    const least = step > 0 ? 0 : -1;
    const end = Math.min(Math.max(to < 0 ? to + 8 : to, least), step > 0 ? 8 : 7);
    return Math.max(0, Math.ceil((end - Math.max(start, least)) / step));
  };
  return [
    caseOf({
      name: "STRIDED_SLICE begin and end",
      operand: "begin",
      op: op(0),
      tensors: [x, operand([1]), operand([1], "e"), constant("s", 1)],
      outputs: [result([-1, 4])],
      inputs: ([begin = 0, end = 8]) => ({
        x: filled([8, 4]),
        v: int32([1], [begin]),
        e: int32([1], [end]),
      }),
      values: [...single(8), ...pairs, [0, -1], [LEAST, MOST], [MOST, LEAST]],
      isValid: () => true,
      shape: ([begin = 0, end = 8]) => [count(begin, end, 1), 4],
    }),
    caseOf({
      name: "STRIDED_SLICE at an index",
      operand: "begin",
      op: op(1),
      tensors: [x, operand([1]), constant("e", MOST), constant("s", 1)],
      outputs: [result([4])],
      inputs: (values) => ({ x: filled([8, 4]), v: int32([1], values) }),
      values: [...single(8), [-8], [-9]],
      isValid: ([index = 0]) => index >= -8 && index < 8,
      shape: () => [4],
    }),
    caseOf({
      name: "STRIDED_SLICE strides",
      operand: "strides",
      op: op(0),
      tensors: [x, constant("b", 1), constant("e", 8), operand([1])],
      outputs: [result([-1, 4])],
      inputs: (values) => ({ x: filled([8, 4]), v: int32([1], values) }),
      values: [[1], [2], [8], [65_536], [MOST], [LEAST], [0]],
      isValid: ([step = 0]) => step !== 0 && Math.abs(step) <= 2 ** 30,
      shape: ([step = 1]) => [count(1, 8, step), 4],
    }),
  ];
}

function padCases(): OperandCase[] {
  return (["PAD", "PADV2", "MIRROR_PAD"] as const).map((name) => {
    const isMirror = name === "MIRROR_PAD";
    return caseOf({
      name,
      operand: "paddings",
      op: { name, ...(isMirror && { options: [77, { 0: { kind: "u8", value: 0 } }] as const }) },
      tensors: [x, operand([2, 2]), ...(name === "PADV2" ? [scalar("c", 3)] : [])],
      outputs: [result([-1, -1])],
      inputs: ([before = 0, after = 0]) => ({
        x: filled([8, 4]),
        v: int32([2, 2], [before, after, 0, 0]),
      }),
      values: [...single(8), ...pairs, [7, 7], [8, 0], [-1, 1], [0, -1]],
      isValid: ([before = 0, after = 0]) =>
        Math.min(before, after) >= 0 &&
        (isMirror ? Math.max(before, after) < 8 : fits(8 + before + after, 4)),
      shape: ([before = 0, after = 0]) => [8 + before + after, 4],
      contents: [CONTENT, name === "PADV2" ? 3 : isMirror ? CONTENT : 0],
    });
  });
}

/** Operators of which only the size of the result is the kit's: the kernels check all else. */
function sizedCases(): OperandCase[] {
  const square = [...single(8), ...pairs];
  const resized = (name: string, least: number) =>
    caseOf({
      name,
      op: { name, options: [name === "RESIZE_BILINEAR" ? 15 : 74, {}] },
      tensors: [{ name: "x", shape: [1, 2, 2, 1] }, operand([2])],
      outputs: [result([1, -1, -1, 1])],
      inputs: (values) => ({ x: filled([1, 2, 2, 1], 0), v: int32([2], both(values, 1)) }),
      values: square,
      isValid: (values) =>
        fits(...both(values, 1)) && both(values, 1).every((each) => each >= least),
      shape: (values) => [1, ...both(values, 1), 1],
      contents: [0],
    });
  return [
    caseOf({
      name: "FILL",
      op: { name: "FILL" },
      tensors: [operand([2]), scalar("x", CONTENT)],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ v: int32([2], both(values, 1)) }),
      values: square,
      isValid: (values) => fits(...both(values, 1)),
      shape: (values) => both(values, 1),
    }),
    caseOf({
      name: "BROADCAST_TO",
      op: { name: "BROADCAST_TO", version: 2 },
      tensors: [{ name: "x", shape: [1, 1] }, operand([2])],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ x: filled([1, 1]), v: int32([2], both(values, 1)) }),
      values: square,
      isValid: (values) => fits(...both(values, 1)),
      shape: (values) => both(values, 1),
    }),
    caseOf({
      name: "RANGE",
      op: { name: "RANGE" },
      tensors: [
        { ...constant("s", 0), shape: [] },
        operand([]),
        { ...constant("d", 1), shape: [] },
      ],
      outputs: [result([-1], "INT32")],
      inputs: (values) => ({ v: int32([], values) }),
      values: [[LEAST], [-1], [0], [1], [8], [MOST]],
      isValid: ([limit = 0]) => fits(limit),
      shape: ([limit = 0]) => [limit],
      contents: [0, 1, 2, 3, 4, 5, 6, 7],
    }),
    resized("RESIZE_BILINEAR", 1),
    resized("RESIZE_NEAREST_NEIGHBOR", 0),
    caseOf({
      name: "BATCH_MATMUL of extents",
      op: { name: "BATCH_MATMUL", options: [101, {}] },
      tensors: [
        { name: "x", shape: [-1, 1] },
        { name: "v", shape: [1, -1] },
      ],
      outputs: [result([-1, -1])],
      inputs: ([extent = 0]) => ({ x: filled([extent, 1], 0), v: filled([1, extent], 0) }),
      values: [[1], [8], [46_341]],
      isValid: ([extent = 0]) => fits(extent, extent),
      shape: ([extent = 0]) => [extent, extent],
      contents: [0],
    }),
    caseOf({
      name: "RANDOM_UNIFORM",
      operand: "shape",
      op: { name: "RANDOM_UNIFORM", options: [94, {}] },
      tensors: [operand([2])],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ v: int32([2], both(values, 0)) }),
      values: [[LEAST], [-1], [0], [MOST], ...pairs],
      isValid: (values) => fits(...both(values, 0)),
      shape: (values) => both(values, 0),
      contents: [],
    }),
  ];
}

/** Axes, which count from the end too. */
function axisCases(): OperandCase[] {
  const axis = (
    name: string,
    shape: (axis: number) => readonly number[],
    options: OperatorDraft["options"] | undefined,
    {
      type = "FLOAT32",
      rank = 2,
      isFirst = false,
      contents = [CONTENT] as readonly number[],
      outputs = 1,
    } = {},
  ) =>
    caseOf({
      name,
      operand: "axis",
      op: { name, ...(options && { options }) },
      tensors: isFirst ? [operand([]), x] : [x, operand([])],
      outputs: [
        result(
          Array.from({ length: rank }, () => -1),
          type,
        ),
        ...(outputs > 1 ? [{ name: "z", shape: [-1, -1] }] : []),
      ],
      inputs: (values) => ({ x: filled([8, 4]), v: int32([], values) }),
      values: [...single(name === "EXPAND_DIMS" ? 3 : 2), [-2], [-3], [-4]],
      isValid: ([value = 0]) => {
        const size = name === "EXPAND_DIMS" ? 3 : 2;
        return value >= -size && value < size;
      },
      shape: ([value = 0]) => shape(value < 0 ? value + (name === "EXPAND_DIMS" ? 3 : 2) : value),
      contents,
    });
  const reduced = (value: number) => (value === 0 ? [4] : [8]);
  return [
    axis("SUM", reduced, [27, {}], { rank: 1, contents: [8 * CONTENT, 4 * CONTENT] }),
    axis("MEAN", reduced, [27, {}], { rank: 1 }),
    axis("REDUCE_MAX", reduced, [27, {}], { rank: 1 }),
    axis("ARG_MAX", reduced, [40, { 0: { kind: "u8", value: 2 } }], {
      rank: 1,
      type: "INT32",
      contents: [0],
    }),
    axis("CUMSUM", () => [8, 4], undefined, {
      contents: Array.from({ length: 8 }, (_, i) => (i + 1) * CONTENT),
    }),
    axis("EXPAND_DIMS", (value) => [8, 4].toSpliced(value, 0, 1), undefined, { rank: 3 }),
    axis(
      "SPLIT",
      (value) => (value === 0 ? [4, 4] : [8, 2]),
      [35, { 0: { kind: "i32", value: 2 } }],
      {
        isFirst: true,
        outputs: 2,
      },
    ),
  ];
}

/** Operators that split an image or a batch into blocks, and convolutions backwards. */
function blockCases(): OperandCase[] {
  const image: TensorDraft = { name: "x", shape: [1, 2, 2, 1] };
  const values = [[0], [1], ...pairs, [-1, 1], [1, -1]];
  return [
    caseOf({
      name: "SPACE_TO_BATCH_ND",
      operand: "paddings",
      op: { name: "SPACE_TO_BATCH_ND" },
      tensors: [image, constant("b", 1, 1), operand([2, 2])],
      outputs: [result([-1, -1, -1, 1])],
      inputs: (values) => ({
        x: filled([1, 2, 2, 1]),
        v: int32([2, 2], [...both(values, 0), 0, 0]),
      }),
      values,
      isValid: (values) => {
        const [before, after] = both(values, 0);
        return before >= 0 && after >= 0 && fits(2 + before + after, 2);
      },
      shape: (values) => [1, 2 + both(values, 0)[0] + both(values, 0)[1], 2, 1],
      contents: [CONTENT, 0],
    }),
    caseOf({
      name: "BATCH_TO_SPACE_ND",
      operand: "crops",
      op: { name: "BATCH_TO_SPACE_ND" },
      tensors: [{ name: "x", shape: [4, 2, 2, 1] }, constant("b", 2, 2), operand([2, 2])],
      outputs: [result([-1, -1, -1, 1])],
      inputs: (values) => ({
        x: filled([4, 2, 2, 1]),
        v: int32([2, 2], [...both(values, 0), 0, 0]),
      }),
      values: [...values, [3], [5]],
      isValid: (values) => {
        const [before, after] = both(values, 0);
        return before >= 0 && after >= 0 && before + after <= 4;
      },
      shape: (values) => [1, 4 - both(values, 0)[0] - both(values, 0)[1], 4, 1],
    }),
    caseOf({
      name: "TRANSPOSE_CONV",
      operand: "output_shape",
      op: {
        name: "TRANSPOSE_CONV",
        options: [49, { 1: { kind: "i32", value: 2 }, 2: { kind: "i32", value: 2 } }],
      },
      tensors: [operand([4]), { name: "w", shape: [1, 3, 3, 1], data: new Float32Array(9) }, image],
      outputs: [result([-1, -1, -1, -1])],
      inputs: ([height = 0, width = 4, batch = 1, channels = 1]) => ({
        x: filled([1, 2, 2, 1]),
        v: int32([4], [batch, height, width, channels]),
      }),
      values: [
        [3],
        [4],
        [5],
        [0],
        [-1],
        [LEAST],
        [MOST],
        ...pairs,
        [4, 4, 2],
        [4, 4, 1, 2],
        [4, 4, 1, MOST],
      ],
      isValid: ([height = 0, width = 4, batch = 1, channels = 1]) =>
        batch === 1 && channels === 1 && [height, width].every((each) => each === 3 || each === 4),
      shape: ([height = 0, width = 4]) => [1, height, width, 1],
      contents: [0],
    }),
    caseOf({
      name: "DILATE",
      operand: "dilations",
      op: { name: "DILATE", options2: [18, {}] },
      tensors: [x, operand([2]), scalar("p", 0)],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ x: filled([8, 4]), v: int32([2], both(values, 1)) }),
      values: [...single(3), ...pairs],
      isValid: (values) => {
        const [rows, columns] = both(values, 1);
        return rows >= 1 && columns >= 1 && fits(7 * rows + 1, 3 * columns + 1);
      },
      shape: (values) => [7 * both(values, 1)[0] + 1, 3 * both(values, 1)[1] + 1],
      contents: [CONTENT, 0],
      absentIn: ["2.9"],
    }),
    ...(["indices", "dense_shape"] as const).map((name) =>
      caseOf({
        name: `EMBEDDING_LOOKUP_SPARSE ${name}`,
        operand: name,
        op: { name: "EMBEDDING_LOOKUP_SPARSE", options: [20, {}] },
        tensors: [
          constant("ids", 0, 1),
          operand([2, 2], "i"),
          operand([2], "s"),
          { name: "w", shape: [2], data: Float32Array.of(1, 1) },
          { ...x, data: new Float32Array(32).fill(CONTENT) },
        ],
        outputs: [result([-1, 4])],
        inputs: ([value = 0]) => ({
          i: int32([2, 2], name === "indices" ? [0, 0, value, 0] : [0, 0, 1, 0]),
          s: int32([2], name === "indices" ? [2, 1] : [value, 1]),
        }),
        values: single(2),
        isValid: name === "indices" ? isIndex(2) : ([rows = 0]) => rows >= 2 && fits(rows, 4),
        shape: ([value = 0]) => [name === "indices" ? 2 : value, 4],
        contents: [CONTENT, 2 * CONTENT, 0],
      }),
    ),
    caseOf({
      name: "SPARSE_TO_DENSE to a shape",
      operand: "shape",
      op: { name: "SPARSE_TO_DENSE" },
      tensors: [
        { ...constant("i", 0, 0), shape: [1, 2] },
        operand([2]),
        scalar("u", CONTENT),
        scalar("d", 0),
      ],
      outputs: [result([-1, -1])],
      inputs: (values) => ({ v: int32([2], both(values, 1)) }),
      values: [...single(8), ...pairs],
      isValid: (values) => both(values, 1).every((each) => each >= 1) && fits(...both(values, 1)),
      shape: (values) => both(values, 1),
      contents: [CONTENT, 0],
    }),
  ];
}

/** The StableHLO operators that 2.21 has kernels for. */
function stablehloCases(): OperandCase[] {
  const int64s = (...values: bigint[]) => ({ kind: "i64s", value: values }) as const;
  return [
    caseOf({
      name: "STABLEHLO_GATHER",
      operand: "start_indices",
      op: {
        name: "STABLEHLO_GATHER",
        options2: [
          16,
          {
            0: int64s(1n),
            1: int64s(0n),
            2: int64s(0n),
            3: { kind: "i64", value: 1n },
            4: int64s(1n, 4n),
          },
        ],
      },
      tensors: [x, operand([1, 1])],
      outputs: [result([1, 4])],
      inputs: (values) => ({ x: filled([8, 4]), v: int32([1, 1], values) }),
      values: single(8),
      // Too large ones are clamped.
      isValid: ([index = 0]) => index >= 0 && index <= 2 ** 30,
      shape: () => [1, 4],
      absentIn: ["2.9"],
    }),
    caseOf({
      name: "STABLEHLO_SCATTER",
      operand: "scatter_indices",
      op: {
        name: "STABLEHLO_SCATTER",
        options2: [
          7,
          {
            1: int64s(1n),
            2: int64s(0n),
            3: int64s(0n),
            4: { kind: "i64", value: 1n },
            6: { kind: "i32", value: 1 },
          },
        ],
      },
      tensors: [x, operand([1, 1]), { name: "u", shape: [1, 4] }],
      outputs: [result([8, 4])],
      nested: {
        tensors: ["a", "b", "c"].map((name) => ({ name, shape: [] })),
        inputs: ["a", "b"],
        outputs: ["c"],
        operators: [{ name: "STABLEHLO_ADD", inputs: ["a", "b"], outputs: ["c"] }],
      },
      inputs: (values) => ({ x: filled([8, 4]), u: filled([1, 4]), v: int32([1, 1], values) }),
      values: single(8),
      isValid: isIndex(8),
      shape: () => [8, 4],
      contents: [CONTENT, 2 * CONTENT],
      absentIn: ["2.9"],
    }),
  ];
}
