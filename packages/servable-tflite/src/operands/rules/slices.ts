import type { AbstractTensor, Offset } from "../values/abstract-tensor.js";
import { rangeAt } from "../values/elements.js";
import {
  type Extent,
  type Extents,
  extent,
  isKnown,
  knownShape,
  listLength,
  upTo,
} from "../values/extent.js";
import { axisOf, numbersOf } from "../values/operand-values.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { picked, span } from "./pick.js";

export const slice: Rule = (op) => {
  const [x, begin, size] = [op.input(0), op.input(1), op.input(2)];
  const shape = x.shape?.map((each, i) =>
    sliced(each, dimensionOf(begin, i), dimensionOf(size, i)),
  );
  const own = knownShape(x.shape);
  const out = knownShape(shape);
  const starts = numbersOf(begin);
  const lists = () =>
    own && starts?.length === own.length
      ? out?.map((length, d) => span(starts[d] as number, (starts[d] as number) + length))
      : undefined;
  return [picked(op, x, shape, lists)];
};

/** The range of an element of a list, and its offset from another value. */
interface Dimension {
  readonly range: readonly [number, number];
  readonly offset: Offset | undefined;
}

const dimensionOf = ({ elements, offsets }: AbstractTensor, i: number): Dimension => ({
  range: rangeAt(elements, i),
  offset: offsets?.[i],
});

/** Relates a slice up to a value and the slice from it on to that value, so that together they make up the whole. */
function sliced(whole: Extent, begin: Dimension, size: Dimension): Extent {
  const [first, last] = begin.range;
  const [least, most] = size.range;
  if (least === -1 && most === -1) {
    if (first === 0 && last === 0) return whole;
    const rest = {
      lo: Math.max(0, whole.lo - last),
      hi: Math.max(0, whole.hi - Math.max(first, 0)),
    };
    return begin.offset === undefined
      ? rest
      : { ...rest, depends: { on: begin.offset.from, sign: -1, offset: -begin.offset.by, whole } };
  }
  if (least === most)
    return least === whole.lo && isKnown(whole) ? whole : extent(Math.max(least, 0));
  const part = { lo: Math.max(least, 0), hi: Math.min(Math.max(most, 0), whole.hi) };
  return size.offset === undefined || least < 0
    ? part
    : { ...part, depends: { on: size.offset.from, sign: 1, offset: size.offset.by } };
}

interface Masks {
  readonly begin: number;
  readonly end: number;
  readonly ellipsis: number;
  readonly newAxis: number;
  readonly shrink: number;
  readonly isOffset: boolean;
}

export function masksOf({ options }: OperatorView): Masks {
  return {
    begin: options?.int32(0) ?? 0,
    end: options?.int32(1) ?? 0,
    ellipsis: options?.int32(2) ?? 0,
    newAxis: options?.int32(3) ?? 0,
    shrink: options?.int32(4) ?? 0,
    isOffset: (options?.uint8(5) ?? 0) !== 0,
  };
}

export const stridedSlice: Rule = (op) => {
  const x = op.input(0);
  const masks = masksOf(op);
  const count = knownShape(op.shape(1))?.[0];
  if (
    x.shape === undefined ||
    count === undefined ||
    masks.ellipsis !== 0 ||
    masks.newAxis !== 0 ||
    masks.isOffset
  ) {
    return [op.unknown(undefined)];
  }
  const strides = numbersOf(op.input(3));
  const dimensions = x.shape.map((each, i) =>
    i < count
      ? stridedDimension(op, masks, each, i, strides?.[i])
      : { size: each, list: listOf(op, each) },
  );
  const isShrunk = (_: unknown, i: number) => i >= count || (masks.shrink & (1 << i)) === 0;
  const shape = dimensions.map(({ size }) => size).filter(isShrunk);
  const lists = dimensions.map(({ list }) => list);
  const isListed = lists.every((list) => list !== undefined);
  return [picked(op, x, shape, () => (isListed ? (lists as number[][]) : undefined))];
};

const listOf = (op: OperatorView, each: Extent) =>
  isKnown(each) && each.lo <= op.limit ? span(0, each.lo) : undefined;

/** Returns the size of a dimension of the result, and the indices that it takes, if they are known. */
function stridedDimension(
  op: OperatorView,
  masks: Masks,
  whole: Extent,
  i: number,
  stride: number | undefined,
): { size: Extent; list: number[] | undefined } {
  const isMasked = (mask: number) => (mask & (1 << i)) !== 0;
  const [begin, lastBegin] = rangeAt(op.input(1).elements, i);
  const [end, lastEnd] = rangeAt(op.input(2).elements, i);
  if (isMasked(masks.shrink)) {
    const isPoint = isKnown(whole) && begin === lastBegin;
    const at = isMasked(masks.begin) ? 0 : begin < 0 ? begin + whole.lo : begin;
    return { size: extent(1), list: isPoint ? [at] : undefined };
  }
  const isWhole = stride === 1 && (isMasked(masks.begin) || (begin === 0 && lastBegin === 0));
  if (isWhole && isMasked(masks.end)) return { size: whole, list: listOf(op, whole) };
  const isPoint = begin === lastBegin && end === lastEnd && isKnown(whole);
  if (stride === undefined || stride === 0 || !isPoint)
    return { size: upTo(whole.hi), list: undefined };
  const least = stride > 0 ? 0 : -1;
  const most = stride > 0 ? whole.lo : whole.lo - 1;
  const clamp = (value: number) =>
    Math.min(Math.max(value < 0 ? value + whole.lo : value, least), most);
  const from = isMasked(masks.begin) ? (stride > 0 ? 0 : most) : clamp(begin);
  const to = isMasked(masks.end) ? (stride > 0 ? most : -1) : clamp(end);
  const count = Math.max(0, Math.ceil((to - from) / stride));
  return {
    size: count === whole.lo ? whole : extent(count),
    list: count <= op.limit ? span(from, to, stride) : undefined,
  };
}

export const gather: Rule = (op) => {
  const [x, indices] = [op.input(0), op.input(1)];
  const axis = x.shape && axisOf(op.options?.int32(0) ?? 0, x.shape.length);
  const batches = op.options?.int32(1) ?? 0;
  if (axis === undefined || x.shape === undefined || indices.shape === undefined) {
    return [op.unknown(undefined)];
  }
  const shape = [
    ...x.shape.slice(0, axis),
    ...indices.shape.slice(batches),
    ...x.shape.slice(axis + 1),
  ];
  const own = knownShape(x.shape);
  const points = numbersOf(indices);
  const lists = () =>
    own && points && batches === 0
      ? own.map((each) => span(0, each)).with(axis, [...points])
      : undefined;
  const result = picked(op, x, shape, lists);
  const keeps = axis === 0 && hasWholeRows(x) && { below: x.below };
  return [{ ...result, isExact: result.isExact && batches === 0, ...keeps }];
};

export const gatherNd: Rule = (op) => {
  const [x, indices] = [op.input(0), op.input(1)];
  const depth = indices.shape?.at(-1);
  if (
    x.shape === undefined ||
    indices.shape === undefined ||
    depth === undefined ||
    !isKnown(depth)
  ) {
    return [op.unknown(undefined)];
  }
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth.lo)];
  return [{ ...picked(op, x, shape), isExact: false, isShapeExact: op.areShapesExact }];
};

/** An operator whose output extents are the values of an operand. */
export const shapedBy =
  (index: number): Rule =>
  (op) => {
    const operand = op.input(index);
    const rank = listLength(operand.shape);
    const shape: Extents =
      rank === undefined
        ? undefined
        : Array.from({ length: rank }, (_, i) => valueExtent(operand, i));
    return [op.unknown(shape, operand.isExact)];
  };

function valueExtent({ elements }: AbstractTensor, i: number): Extent {
  const [lo, hi] = rangeAt(elements, i);
  return { lo: Math.max(lo, 0), hi: Math.max(hi, 0) };
}

/** Returns whether each row has all bounds of `below`. */
function hasWholeRows({ shape, below }: AbstractTensor): boolean {
  if (below === undefined || shape === undefined) return false;
  return below.length === 1 || (shape.length > 1 && shape.at(-1)?.lo === below.length);
}
