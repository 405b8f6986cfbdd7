import {
  type AbstractTensor,
  joinTensors,
  type Offset,
  offsetOf,
} from "../values/abstract-tensor.js";
import { concatenate, type Elements, pick, uniform } from "../values/elements.js";
import {
  type Extent,
  type Extents,
  elementsOf,
  extent,
  isKnown,
  knownShape,
  sumOfExtents,
  unknownExtent,
} from "../values/extent.js";
import { axisOf, numbersOf } from "../values/operand-values.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { sourceOf, withoutRelations } from "./elementwise.js";
import { all, hullOf, picked, span } from "./pick.js";

/** Larger lists are not tracked value by value. */
const MAX_OFFSETS = 8;

/** Returns the offsets of all elements, for small lists of single values and for the list of one tensor. */
export function offsetsOf(parts: readonly AbstractTensor[]): Pick<AbstractTensor, "offsets"> {
  const offsets = parts.flatMap((part) => {
    const count = elementsOf(part.shape);
    if (!isKnown(count) || count.lo > MAX_OFFSETS) return [null];
    if (count.lo === 1) return [offsetOf(part)];
    return Array.from({ length: count.lo }, (_, i) => part.offsets?.[i]);
  });
  const isSmall = offsets.length <= MAX_OFFSETS && !offsets.includes(null);
  return isSmall && offsets.some((each) => each !== undefined)
    ? { offsets: offsets as (Offset | undefined)[] }
    : {};
}

/** CONCATENATION joins tensors along an axis. */
export const concatenation: Rule = (op) => {
  const parts = op.inputs.filter((input) => input !== undefined);
  const rank = parts[0]?.shape?.length;
  const axis = rank === undefined ? undefined : axisOf(op.options?.int32(0) ?? 0, rank);
  if (axis === undefined || parts.some(({ shape }) => shape?.length !== rank)) {
    return [op.unknown(undefined)];
  }
  const first = parts[0] as AbstractTensor;
  const total = sumOfExtents(parts.map((part) => part.shape?.[axis] ?? unknownExtent()));
  const shape = parts.length === 1 ? first.shape : first.shape?.with(axis, total);
  const outer = knownShape(shape)
    ?.slice(0, axis)
    .reduce((product, each) => product * each, 1);
  return [joined(op, parts, shape, outer === 1 ? axis : undefined)];
};

/** PACK stacks tensors of one shape along a new axis. */
export const pack: Rule = (op) => {
  const parts = op.inputs.filter((input) => input !== undefined);
  const first = parts[0]?.shape;
  const axis = first && axisOf(op.options?.int32(1) ?? 0, first.length + 1);
  if (first === undefined || axis === undefined) return [op.unknown(undefined)];
  const shape = first.toSpliced(axis, 0, extent(parts.length));
  const outer = knownShape(first)
    ?.slice(0, axis)
    .reduce((product, each) => product * each, 1);
  return [joined(op, parts, shape, outer === 1 ? axis : undefined, parts.length)];
};

/**
 * Joins the elements of all parts: in sequence if `axis` allows it, else in one range for all. With `columns`, each
 * part is a column, so that the bounds of single parts are kept.
 */
function joined(
  op: OperatorView,
  parts: readonly AbstractTensor[],
  shape: Extents,
  axis: number | undefined,
  columns?: number,
): AbstractTensor {
  const counts = parts.map((part) => elementsOf(part.shape));
  const total = counts.reduce((sum, { hi }) => sum + hi, 0);
  const isListed = counts.every(isKnown) && total <= op.limit;
  const isInOrder = axis !== undefined && isListed;
  const isLast = columns !== undefined && shape !== undefined && isLastAxis(op, shape.length);
  const rows = counts.map(({ lo }) => lo);
  const each = parts.map((part) => part.elements);
  let elements = each.map(hullOf).reduce(joinRanges);
  if (isInOrder) elements = concatenate(each, rows);
  else if (isLast && isListed) elements = interleave(parts, rows[0] ?? 0);
  const isAlwaysExact = isLast || columns === 1 || isInOrder;
  const tensor = parts.reduce(joinTensors);
  const below =
    isLast && parts.every((part) => part.below?.length === 1)
      ? { below: parts.map((part) => part.below?.[0] as Extent) }
      : {};
  return {
    ...withoutRelations(tensor),
    type: op.outputType(),
    shape,
    elements,
    isExact: isAlwaysExact && parts.every(({ isExact }) => isExact) && op.areShapesExact,
    isShapeExact: op.areShapesExact,
    ...below,
    ...(isInOrder && offsetsOf(parts)),
    ...sourceOf(...parts),
  };
}

const isLastAxis = (op: OperatorView, rank: number) =>
  axisOf(op.options?.int32(1) ?? 0, rank) === rank - 1;

const joinRanges = (a: Elements, b: Elements): Elements =>
  uniform(
    Math.min(a.lo[0] ?? Number.POSITIVE_INFINITY, b.lo[0] ?? Number.POSITIVE_INFINITY),
    Math.max(a.hi[0] ?? Number.NEGATIVE_INFINITY, b.hi[0] ?? Number.NEGATIVE_INFINITY),
  );

function interleave(parts: readonly AbstractTensor[], rows: number): Elements {
  const order = Int32Array.from({ length: rows * parts.length }, (_, i) => {
    return (i % parts.length) * rows + Math.floor(i / parts.length);
  });
  const counts = parts.map(() => rows);
  return pick(
    concatenate(
      parts.map((part) => part.elements),
      counts,
    ),
    order,
  );
}

/** UNPACK splits a tensor along an axis, which is removed. */
export const unpack: Rule = (op) => {
  const x = op.input(0);
  const axis = x.shape && axisOf(op.options?.int32(1) ?? 0, x.shape.length);
  const own = knownShape(x.shape);
  return op.outputs.map((_, i) => {
    if (axis === undefined) return op.unknown(undefined, false, i);
    const shape = x.shape?.toSpliced(axis, 1);
    const lists = () => own && all(own).with(axis, [i]);
    return picked(op, x, shape, lists);
  });
};

/** SPLIT takes the axis first, SPLIT_V last. */
export const split: Rule = (op) => {
  const isEven = op.name === "SPLIT";
  const x = op.input(isEven ? 1 : 0);
  const [number] = numbersOf(op.input(isEven ? 0 : 2)) ?? [];
  const axis = x.shape && number !== undefined ? axisOf(number, x.shape.length) : undefined;
  const own = knownShape(x.shape);
  const whole = axis === undefined ? undefined : x.shape?.[axis];
  const sizes = whole && splitSizes(op, isEven, whole);
  let from = 0;
  return op.outputs.map((_, i) => {
    const size = sizes?.[i];
    if (axis === undefined || size === undefined)
      return op.unknown(x.shape?.map(unknownExtent), false, i);
    const to = from + size.lo;
    const start = from;
    from = to;
    const lists = () => (own && isKnown(size) ? all(own).with(axis, span(start, to)) : undefined);
    return picked(op, x, x.shape?.with(axis, size), lists);
  });
};

function splitSizes(
  op: OperatorView,
  isEven: boolean,
  whole: Extent,
): readonly Extent[] | undefined {
  const count = op.outputs.length;
  if (isEven) {
    const size = { lo: Math.floor(whole.lo / count), hi: Math.floor(whole.hi / count) };
    return op.outputs.map(() => size);
  }
  const sizes = numbersOf(op.input(1));
  const used = sizes?.reduce((sum, size) => sum + Math.max(size, 0), 0) ?? 0;
  const rest = { lo: Math.max(0, whole.lo - used), hi: Math.max(0, whole.hi - used) };
  return sizes?.map((size) => (size === -1 ? rest : extent(size)));
}
