import {
  type AbstractTensor,
  integerRange,
  joinTensors,
  type Offset,
  offsetOf,
} from "../values/abstract-tensor.js";
import {
  concatenate,
  type Elements,
  hull,
  isUniform,
  knownValues,
  pick,
  uniform,
} from "../values/elements.js";
import {
  type Extent,
  type Extents,
  elementsOf,
  extent,
  isKnown,
  knownShape,
  listLength,
  MAX_RANK,
  sumOfExtents,
  unknownExtent,
  upTo,
} from "../values/extent.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { sourceOf, withoutRelations } from "./elementwise.js";

/** An axis counted from the front; undefined if it does not exist. */
export function axisOf(axis: number, rank: number): number | undefined {
  const result = axis < 0 ? axis + rank : axis;
  return result >= 0 && result < rank ? result : undefined;
}

/**
 * The values of an operand of integers that are known, such as those of a constant. Undefined for floats: a
 * damaged file can have some where axes belong.
 */
export const numbersOf = (tensor: AbstractTensor): readonly number[] | undefined => {
  const known = knownValues(tensor.elements);
  const count = elementsOf(tensor.shape);
  if (known === undefined || !isKnown(count) || integerRange(tensor.type) === undefined) {
    return undefined;
  }
  if (count.lo === known.length) return Array.from(known);
  const isOneForAll = known.length === 1 && count.lo <= 8;
  return isOneForAll ? Array.from({ length: count.lo }, () => known[0] as number) : undefined;
};

/** Larger lists are not followed value by value. */
const MAX_OFFSETS = 8;

/** The offsets of all elements, for small lists of single values and for the list of one tensor. */
function offsetsOf(parts: readonly AbstractTensor[]): Pick<AbstractTensor, "offsets"> {
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

/** The elements in the same order in another shape. */
export const sameOrder = (x: AbstractTensor, shape: Extents, op: OperatorView): AbstractTensor => ({
  ...x,
  ...offsetsOf([x]),
  shape,
  isShapeExact: op.areShapesExact && op.inputs.slice(1).every((each) => each?.isExact ?? true),
});

export const reshape: Rule = (op) => {
  const x = op.input(0);
  const operand = op.inputs[1];
  const target =
    operand === undefined ? op.options?.int32s(0) : rangesOf(operand, op.outputs[0]?.shape.length);
  return [sameOrder(x, target && reshaped(x.shape, target.map(toExtent)), op)];
};

const toExtent = (target: number | Extent): Extent =>
  typeof target === "number" ? extent(target) : target;

/** The ranges of the elements of a list of extents. */
function rangesOf(operand: AbstractTensor, rank: number | undefined): Extent[] | undefined {
  const count = operand.shape?.[0];
  const { lo, hi } = operand.elements;
  if (isUniform(operand.elements) && count === undefined) {
    return rank === undefined ? undefined : Array.from({ length: rank }, unknownExtent);
  }
  const length = count !== undefined && isKnown(count) ? listLength([count]) : lo.length;
  if (length === undefined || length > MAX_RANK) return undefined;
  return Array.from({ length }, (_, i) => {
    const at = lo.length === 1 ? 0 : i;
    return { lo: lo[at] as number, hi: hi[at] as number };
  });
}

/** -1 takes what is left; if all but one extent of the input are used up, it is that one. */
function reshaped(shape: Extents, target: readonly Extent[]): Extents {
  const rest = target.findIndex(({ lo, hi }) => lo === -1 && hi === -1);
  const others = target.filter((_, i) => i !== rest);
  if (others.some(({ lo }) => lo < 0)) return target.map(unknownExtent);
  if (rest === -1) return target;
  const unused = [...(shape ?? [])];
  for (const each of others) {
    const at = unused.indexOf(each);
    if (at !== -1) unused.splice(at, 1);
  }
  const free = unused.filter((each) => !isKnown(each));
  const fixed = (list: readonly Extent[]) =>
    list.filter(isKnown).reduce((product, { lo }) => product * lo, 1);
  const left = others.filter((each) => !unusedMatches(shape, each));
  const [total, used] = [elementsOf(shape), elementsOf(others)];
  let inferred: Extent = upTo(Math.floor(total.hi / Math.max(used.lo, 1)));
  if (isKnown(total) && isKnown(used)) inferred = extent(used.lo === 0 ? 0 : total.lo / used.lo);
  else if (shape !== undefined && free.length === 1 && left.every(isKnown)) {
    const product = fixed(left);
    if (product === fixed(unused)) inferred = free[0] as Extent;
  }
  return target.map((each, i) => (i === rest ? inferred : each));
}

const unusedMatches = (shape: Extents, each: Extent) =>
  !isKnown(each) && (shape ?? []).includes(each);

export const squeeze: Rule = (op) => {
  const x = op.input(0);
  const rank = x.shape?.length ?? 0;
  const axes = (op.options?.int32s(0) ?? []).map((axis) => axisOf(axis, rank));
  const isRemoved = (each: Extent, i: number) =>
    axes.length > 0 ? axes.includes(i) : isKnown(each) && each.lo === 1;
  return [
    sameOrder(
      x,
      x.shape?.filter((each, i) => !isRemoved(each, i)),
      op,
    ),
  ];
};

export const expandDims: Rule = (op) => {
  const x = op.input(0);
  const [axis] = numbersOf(op.input(1)) ?? [];
  const at =
    axis === undefined || x.shape === undefined ? undefined : axisOf(axis, x.shape.length + 1);
  const shape = at === undefined ? undefined : x.shape?.toSpliced(at, 0, extent(1));
  return [sameOrder(x, shape, op)];
};

/** Which indices along each dimension a result has, in order: of slices, splits, gathers and tiles. */
type Lists = readonly ArrayLike<number>[];

/** The elements of a tensor at the cross product of indices. */
export function crossPick(elements: Elements, shape: readonly number[], lists: Lists): Elements {
  const count = lists.reduce((product, { length }) => product * length, 1);
  const indices = new Int32Array(count);
  let stride = 1;
  let repeat = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const list = lists[d] as ArrayLike<number>;
    for (let i = 0; i < count; i++) {
      const place = Math.floor(i / repeat) % list.length;
      indices[i] = (indices[i] as number) + (list[place] as number) * stride;
    }
    stride *= shape[d] as number;
    repeat *= list.length;
  }
  return pick(elements, indices);
}

/**
 * A result whose elements are some of those of `x`: those at the cross product of `lists`, which are made
 * only if the result is small enough. Without them, or if they cannot be known, only the range is known.
 */
export function picked(
  op: OperatorView,
  x: AbstractTensor,
  shape: Extents,
  lists: () => Lists | undefined = () => undefined,
): AbstractTensor {
  const below = x.below?.length === 1 ? { below: x.below } : {};
  const areValuesExact = op.inputs.every((input) => input?.isExact ?? true);
  return {
    ...withoutRelations(x),
    type: op.outputType(),
    shape,
    elements: pickedElements(op, x, shape, lists) ?? hullOf(x.elements),
    isExact: areValuesExact && op.areShapesExact,
    isShapeExact: areValuesExact && op.areShapesExact,
    ...below,
    ...sourceOf(...op.inputs.filter((input) => input !== undefined)),
  };
}

function pickedElements(
  op: OperatorView,
  x: AbstractTensor,
  shape: Extents,
  lists: () => Lists | undefined,
): Elements | undefined {
  const [own, out] = [knownShape(x.shape), knownShape(shape)];
  if (isUniform(x.elements) || own === undefined || out === undefined) return undefined;
  const isSmall = [...own, ...out, elementsOf(shape).hi].every((each) => each <= op.limit);
  const made = isSmall ? lists() : undefined;
  const isValid = made?.every((list, d) => isWithin(list, own[d] as number));
  return made !== undefined && isValid ? crossPick(x.elements, own, made) : undefined;
}

const hullOf = (elements: Elements) =>
  isUniform(elements) ? elements : uniform(...hull(elements));

function isWithin(list: ArrayLike<number>, size: number): boolean {
  for (let i = 0; i < list.length; i++) {
    const index = list[i] as number;
    if (!(index >= 0 && index < size)) return false;
  }
  return true;
}

export const span = (from: number, to: number, step = 1): number[] => {
  const length = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length }, (_, i) => from + i * step);
};

const all = (shape: readonly number[]) => shape.map((each) => span(0, each));

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

/** PACK puts tensors of one shape side by side along a new axis. */
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
 * The elements of all parts: one part after another if `axis` says so, else in one range for all. With
 * `columns`, each part is a column, so that bounds of single parts are kept.
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
  const isInOrder = axis !== undefined && counts.every(isKnown) && total <= op.limit;
  const isLast = columns !== undefined && shape !== undefined && isLastAxis(op, shape.length);
  const elements = isInOrder
    ? concatenate(
        parts.map((part) => part.elements),
        counts.map(({ lo }) => lo),
      )
    : isLast && total <= op.limit && counts.every(isKnown)
      ? interleave(parts, counts.map(({ lo }) => lo)[0] ?? 0)
      : parts.map((part) => hullOf(part.elements)).reduce(joinRanges);
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

/** SPLIT has the axis first, SPLIT_V last. */
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

export const transpose: Rule = (op) => {
  const x = op.input(0);
  const order = numbersOf(op.input(1))?.map((axis) => axisOf(axis, x.shape?.length ?? 0));
  if (x.shape === undefined || order === undefined || order.includes(undefined)) {
    return [op.unknown(x.shape?.map(unknownExtent))];
  }
  const axes = order as number[];
  const shape = axes.map((axis) => x.shape?.[axis] as Extent);
  const own = knownShape(x.shape);
  const tensor = picked(op, x, shape);
  if (own === undefined || isUniform(x.elements) || elementsOf(shape).hi > op.limit)
    return [tensor];
  return [{ ...tensor, elements: pick(x.elements, transposed(own, axes)) }];
};

function transposed(shape: readonly number[], axes: readonly number[]): Int32Array {
  const strides = shape.map((_, d) =>
    shape.slice(d + 1).reduce((product, each) => product * each, 1),
  );
  const count = shape.reduce((product, each) => product * each, 1);
  return Int32Array.from({ length: count }, (_, i) => {
    let rest = i;
    let at = 0;
    for (let d = axes.length - 1; d >= 0; d--) {
      const axis = axes[d] as number;
      at += (rest % (shape[axis] as number)) * (strides[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    return at;
  });
}

export const tile: Rule = (op) => {
  const x = op.input(0);
  const multiples = rangesOf(op.input(1), x.shape?.length);
  const shape = x.shape?.map((each, i) => {
    const times = multiples?.[i] ?? unknownExtent();
    if (isKnown(times) && times.lo === 1) return each;
    return { lo: each.lo * Math.max(times.lo, 0), hi: each.hi * Math.max(times.hi, 0) };
  });
  const own = knownShape(x.shape);
  const out = knownShape(shape);
  const lists = () =>
    own && out?.map((size, d) => span(0, size).map((i) => i % Math.max(own[d] as number, 1)));
  return [picked(op, x, shape, lists)];
};

/** PAD, PADV2 and MIRROR_PAD: the elements and the padding, in one range for all. */
export const pad: Rule = (op) => {
  const x = op.input(0);
  const pads = rangesOf(flat(op.input(1)), (x.shape?.length ?? 0) * 2);
  const shape = x.shape?.map((each, i) => {
    const [before, after] = [
      pads?.[2 * i] ?? unknownExtent(),
      pads?.[2 * i + 1] ?? unknownExtent(),
    ];
    return before.hi === 0 && after.hi === 0
      ? each
      : {
          lo: each.lo + Math.max(before.lo, 0) + Math.max(after.lo, 0),
          hi: each.hi + before.hi + after.hi,
        };
  });
  const filling = op.inputs[2]?.elements ?? uniform(0, 0);
  const [lo, hi] = hull(x.elements);
  const [least, most] = hull(filling);
  const result = picked(op, x, shape);
  const elements = uniform(Math.min(lo, least), Math.max(hi, most));
  const range = integerRange(x.type);
  const isPlain = range !== undefined || op.name === "MIRROR_PAD";
  return [
    { ...withoutRelations(result), elements, isExact: false, mayBeNaN: !isPlain || x.mayBeNaN },
  ];
};

const flat = (operand: AbstractTensor): AbstractTensor => ({
  ...operand,
  shape: [elementsOf(operand.shape)],
});

export const broadcastTo: Rule = (op) => {
  const x = op.input(0);
  const shape = rangesOf(op.input(1), undefined);
  const own = knownShape(x.shape);
  const out = knownShape(shape);
  if (out === undefined || own === undefined || own.length > out.length) {
    return [picked(op, x, shape)];
  }
  const padded = [...Array.from({ length: out.length - own.length }, () => 1), ...own];
  const lists = () => out.map((size, d) => span(0, size).map((i) => (padded[d] === 1 ? 0 : i)));
  return [picked(op, { ...x, shape: padded.map(extent) }, shape, lists)];
};
