import { type AbstractTensor, anyOf, integerRange, withinType } from "../values/abstract-tensor.js";
import { type Elements, hull, rangeAt, uniform, values } from "../values/elements.js";
import {
  type Extent,
  elementsOf,
  extent,
  isKnown,
  listLength,
  MAX_EXTENT,
  upTo,
} from "../values/extent.js";
import { axisOf, numbersOf } from "../values/operand-values.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { sourceOf } from "./elementwise.js";

const integers = (
  op: OperatorView,
  index: number,
  tensor: Partial<AbstractTensor>,
): AbstractTensor => ({
  ...op.unknown(undefined, op.areShapesExact, index),
  mayBeNaN: false,
  ...tensor,
});

export const shapeOf: Rule = (op) => {
  const { shape, isShapeExact } = op.input(0);
  if (shape === undefined) {
    return [integers(op, 0, { shape: [upTo(8)], elements: uniform(0, MAX_EXTENT) })];
  }
  const elements: Elements = {
    lo: Float64Array.from(shape, ({ lo }) => lo),
    hi: Float64Array.from(shape, ({ hi }) => hi),
  };
  return [
    integers(op, 0, {
      shape: [extent(shape.length)],
      elements,
      isExact: isShapeExact,
      isShapeExact: true,
    }),
  ];
};

export const rank: Rule = (op) => {
  const { shape, isShapeExact } = op.input(0);
  const elements = shape === undefined ? uniform(0, 8) : values([shape.length]);
  return [integers(op, 0, { shape: [], elements, isExact: isShapeExact, isShapeExact: true })];
};

/** RANGE from start to limit by delta. */
export const range: Rule = (op) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => op.input(i)) as [
    AbstractTensor,
    AbstractTensor,
    AbstractTensor,
  ];
  const [a, A] = hull(start.elements);
  const [b, B] = hull(limit.elements);
  const [d, D] = hull(delta.elements);
  const isExact = start.isExact && limit.isExact && delta.isExact;
  const counts = [countFrom(a, b, d), countFrom(a, B, d), countFrom(A, b, d), countFrom(A, B, d)];
  const hasSign = d === D && d !== 0;
  const size = hasSign
    ? { lo: Math.min(...counts), hi: Math.max(...counts) }
    : upTo(Number.POSITIVE_INFINITY);
  const type = op.outputType();
  const tensor = {
    type,
    shape: [size],
    isExact,
    isShapeExact: isExact,
    mayBeNaN: false,
    ...sourceOf(start, limit, delta),
  };
  const isList = hasSign && a === A && isKnown(size) && size.lo <= op.limit;
  const isInteger = integerRange(type) !== undefined;
  if (isList && isInteger) {
    return [{ ...tensor, elements: values(Array.from({ length: size.lo }, (_, i) => a + i * d)) }];
  }
  const isUp = hasSign && d > 0;
  const bounded = hasSign
    ? uniform(isUp ? a : Math.min(b + 1, A), isUp ? Math.max(B - 1, a) : A)
    : anyOf(type);
  return [
    {
      ...tensor,
      elements: isInteger ? withinType(type, bounded) : anyOf(type),
      isExact: isExact && isInteger,
      mayBeNaN: !isInteger,
    },
  ];
};

const countFrom = (from: number, to: number, step: number) =>
  Math.max(0, Math.ceil((to - from) / step)) || 0;

export const fill: Rule = (op) => {
  const [dims, value] = [op.input(0), op.input(1)];
  const length = listLength(dims.shape);
  const shape =
    length === undefined
      ? undefined
      : Array.from({ length }, (_, i) => nonNegative(rangeAt(dims.elements, i)));
  return [
    { ...value, type: op.outputType(), shape, isShapeExact: dims.isExact && op.areShapesExact },
  ];
};

const nonNegative = ([lo, hi]: readonly [number, number]): Extent => ({
  lo: Math.max(lo, 0),
  hi: Math.max(hi, 0),
});

export const zerosLike: Rule = (op) => [
  {
    ...op.unknown(op.shape(0)),
    elements: uniform(0, 0),
    isExact: op.areShapesExact,
    mayBeNaN: false,
  },
];

export const oneHot: Rule = (op) => {
  const { shape } = op.input(0);
  const depth = op.input(1);
  const at = shape && axisOf(op.options?.int32(0) ?? 0, shape.length + 1);
  const size = nonNegative(hull(depth.elements));
  const out = at === undefined ? undefined : shape?.toSpliced(at, 0, size);
  const [on, off] = [hull(op.input(2).elements), hull(op.input(3).elements)];
  const elements = uniform(Math.min(on[0], off[0]), Math.max(on[1], off[1]));
  return [{ ...op.unknown(out, op.areShapesExact && depth.isExact), elements }];
};

/** The operator WHERE: one row for each true element, with its index along each dimension. */
export const where: Rule = (op) => {
  const { shape } = op.input(0);
  if (shape === undefined) return [op.unknown(undefined, false)];
  const rows = upTo(elementsOf(shape).hi);
  return [
    integers(op, 0, {
      shape: [rows, extent(shape.length)],
      elements: indicesBelow(shape),
      isShapeExact: false,
      below: shape,
    }),
  ];
};

/** Returns the range of indices along any of some extents. */
function indicesBelow(extents: readonly Extent[]): Elements {
  return uniform(0, Math.max(0, ...extents.map(({ hi }) => hi - 1)));
}

export const unique: Rule = (op) => {
  const x = op.input(0);
  const size = x.shape?.[0];
  if (size === undefined) return [op.unknown(undefined, false), op.unknown(undefined, false, 1)];
  const distinct = upTo(size.hi);
  return [
    {
      ...x,
      shape: [distinct],
      isExact: false,
      isShapeExact: false,
      elements: uniform(...hull(x.elements)),
    },
    integers(op, 1, { shape: x.shape, elements: indicesBelow([size]), below: [distinct] }),
  ];
};

export const topK: Rule = (op) => {
  const [x, k] = [op.input(0), op.input(1)];
  const last = x.shape?.at(-1);
  const isShapeExact = op.areShapesExact && k.isExact;
  if (x.shape === undefined || last === undefined) {
    return [op.unknown(undefined, false), op.unknown(undefined, false, 1)];
  }
  const shape = x.shape.with(-1, nonNegative(hull(k.elements)));
  return [
    op.unknown(shape, isShapeExact),
    integers(op, 1, { shape, elements: indicesBelow([last]), below: [last], isShapeExact }),
  ];
};

/** ARG_MAX and ARG_MIN. */
export const argument: Rule = (op) => {
  const { shape } = op.input(0);
  const [axis] = numbersOf(op.input(1)) ?? [];
  const at = shape && axis !== undefined ? axisOf(axis, shape.length) : undefined;
  const along = at === undefined ? undefined : shape?.[at];
  if (at === undefined || along === undefined) {
    return [integers(op, 0, { elements: uniform(0, MAX_EXTENT), isShapeExact: false })];
  }
  return [
    integers(op, 0, {
      shape: shape?.toSpliced(at, 1),
      elements: indicesBelow([along]),
      below: [along],
    }),
  ];
};

/** Indices of boxes, scores (only V5) and a count. */
export const nonMaxSuppression: Rule = (op) => {
  const boxes = op.shape(0)?.[0] ?? upTo(MAX_EXTENT);
  const most = op.input(2);
  const size = nonNegative(hull(most.elements));
  const isShapeExact = op.areShapesExact && most.isExact;
  const indices = { shape: [size], elements: indicesBelow([boxes]), isShapeExact };
  const count = { shape: [], elements: uniform(0, size.hi), isShapeExact: true };
  return op.name === "NON_MAX_SUPPRESSION_V4"
    ? [integers(op, 0, indices), integers(op, 1, count)]
    : [integers(op, 0, indices), op.unknown([size], isShapeExact, 1), integers(op, 2, count)];
};

/** SUM, MEAN and the other reductions. */
export const reduction: Rule = (op) => {
  const x = op.input(0);
  const numbers = numbersOf(op.input(1));
  const keeps = (op.options?.uint8(0) ?? 0) !== 0;
  const size = x.shape?.length ?? 0;
  const axes = numbers?.map((axis) => axisOf(axis, size));
  const shape =
    axes === undefined || x.shape === undefined
      ? undefined
      : keeps
        ? x.shape.map((each, i) => (axes.includes(i) ? extent(1) : each))
        : x.shape.filter((_, i) => !axes.includes(i));
  const isInteger = x.type === "INT32" || x.type === "INT64" || x.type === "BOOL";
  const result = op.unknown(shape, op.areShapesExact && numbers !== undefined);
  if (!isInteger) return [result];
  const elements = reduced(op.name, hull(x.elements), elementsOf(x.shape), op.outputType());
  const isTotal = shape?.every(({ lo, hi }) => lo === 1 && hi === 1);
  const whole = isTotal && x.elements.lo.length > 1 && knownTotal(op.name, x.elements);
  const exact = whole ? withinType(op.outputType(), whole) : elements;
  return [
    {
      ...result,
      elements: exact,
      isExact: x.isExact && op.areShapesExact && isTotal === true && FOLDED.includes(op.name),
      ...sourceOf(x),
    },
  ];
};

const FOLDED = ["SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"];

/** Returns the reduction over all elements from their ranges. */
function knownTotal(name: string, { lo, hi }: Elements): Elements | undefined {
  const fold = (list: Float64Array) =>
    name === "SUM"
      ? list.reduce((sum, each) => sum + each, 0)
      : name === "REDUCE_PROD"
        ? list.reduce((product, each) => product * Math.max(each, 0), 1)
        : name === "REDUCE_MAX"
          ? list.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY)
          : list.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  // Products are computed only for values that are not negative, such as extents.
  const isFolded =
    FOLDED.includes(name) && (name !== "REDUCE_PROD" || lo.every((each) => each >= 0));
  return isFolded ? uniform(fold(lo), fold(hi)) : undefined;
}

function reduced(
  name: string,
  [lo, hi]: readonly [number, number],
  count: Extent,
  type: string,
): Elements {
  // The result over no elements is 0, or the minimum or maximum of the type.
  const isNeverEmpty = count.lo > 0;
  if ((name === "REDUCE_MAX" || name === "REDUCE_MIN") && isNeverEmpty) return uniform(lo, hi);
  if (name === "MEAN" && isNeverEmpty) return uniform(lo, hi);
  if (name === "SUM" && Number.isFinite(count.hi)) {
    return withinType(type, uniform(Math.min(0, lo * count.hi), Math.max(0, hi * count.hi)));
  }
  return anyOf(type);
}

/** CUMSUM of non-negative integers is at most their sum. */
export const cumulativeSum: Rule = (op) => {
  const x = op.input(0);
  const total = reduced("SUM", hull(x.elements), elementsOf(x.shape), op.outputType());
  const isInteger = integerRange(x.type) !== undefined;
  return [{ ...op.unknown(x.shape), ...(isInteger && { elements: total, mayBeNaN: false }) }];
};

/** UNSORTED_SEGMENT_SUM and similar operators: one row for each segment. */
export const segments: Rule = (op) => {
  const [x, ids, count] = [op.shape(0), op.shape(1), op.input(2)];
  const shape = x && ids && [nonNegative(hull(count.elements)), ...x.slice(ids.length)];
  return [op.unknown(shape, op.areShapesExact && count.isExact)];
};

/** MULTINOMIAL: samples of each row. */
export const samples: Rule = (op) => {
  const rows = op.shape(0)?.[0];
  const count = op.input(1);
  return [
    op.unknown(
      rows && [rows, nonNegative(hull(count.elements))],
      op.areShapesExact && count.isExact,
    ),
  ];
};

/** RFFT2D: the last dimensions are those of the transform, and the last of them is halved. */
export const spectrum: Rule = (op) => {
  const { shape } = op.input(0);
  const length = op.input(1);
  const [height, width] = [0, 1].map((i) => nonNegative(rangeAt(length.elements, i))) as [
    Extent,
    Extent,
  ];
  const half = { lo: Math.floor(width.lo / 2) + 1, hi: Math.floor(width.hi / 2) + 1 };
  return [
    op.unknown(shape && [...shape.slice(0, -2), height, half], op.areShapesExact && length.isExact),
  ];
};
