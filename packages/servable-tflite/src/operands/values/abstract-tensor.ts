import { type Elements, hull, isUniform, join, uniform } from "./elements.js";
import { type Extent, type Extents, holdsExtents, joinExtents, sameExtents } from "./extent.js";

/** The facts about a tensor before the run. */
export interface AbstractTensor {
  /** The name of the TensorType. */
  readonly type: string;
  readonly shape: Extents;
  readonly elements: Elements;
  /** True if the elements depend only on the inputs' shapes and values, through operators that are computed here. */
  readonly isExact: boolean;
  /** Same as `isExact`, for the shape. */
  readonly isShapeExact: boolean;
  /** True if an element can be NaN. False for integers. */
  readonly mayBeNaN: boolean;
  /** Element `k` is not negative and less than the extent `below[k % below.length]`. */
  readonly below?: readonly Extent[];
  /** The constant differences of single elements from other values; undefined for an element without one. */
  readonly offsets?: readonly (Offset | undefined)[];
  /** The input that the elements come from, if there is only one: for messages. */
  readonly source?: string;
}

/** A value that is the sum of another value and a constant. */
export interface Offset {
  /** Identifies the other value. */
  readonly from: object;
  readonly by: number;
}

/** Returns the offset of the only element of a tensor: relative to itself if nothing else is known. */
export const offsetOf = (tensor: AbstractTensor): Offset =>
  tensor.offsets?.[0] ?? { from: tensor, by: 0 };

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  BOOL: [0, 1],
  INT2: [-2, 1],
  INT4: [-8, 7],
  UINT4: [0, 15],
  INT8: [-128, 127],
  UINT8: [0, 255],
  INT16: [-32_768, 32_767],
  UINT16: [0, 65_535],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  UINT32: [0, 2 ** 32 - 1],
  INT64: [-(2 ** 63), 2 ** 63],
  UINT64: [0, 2 ** 64],
};

/** Returns the range of an integer type; undefined for others. */
export const integerRange = (type: string) =>
  Object.hasOwn(RANGES, type) ? RANGES[type] : undefined;

/** Returns the range of all values of a type. */
export function anyOf(type: string): Elements {
  const [lo, hi] = integerRange(type) ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return uniform(lo, hi);
}

/** Returns a tensor whose elements are not tracked. */
export function unknownTensor(type: string, shape: Extents, isShapeExact: boolean): AbstractTensor {
  return {
    type,
    shape,
    elements: anyOf(type),
    isExact: false,
    isShapeExact,
    mayBeNaN: integerRange(type) === undefined,
  };
}

/** Returns the elements, or any value if they can leave the type's range, because integers wrap around. */
export function withinType(type: string, elements: Elements): Elements {
  const range = integerRange(type);
  if (range === undefined) return elements;
  const [lo, hi] = hull(elements);
  if (lo >= range[0] && hi <= range[1]) return elements;
  return lo > hi ? elements : anyOf(type);
}

/** Joins the tensors of two branches, or of two iterations of a loop. */
export function joinTensors(a: AbstractTensor, b: AbstractTensor): AbstractTensor {
  if (a === b) return a;
  return {
    type: a.type,
    shape: joinExtents(a.shape, b.shape),
    elements: join(a.elements, b.elements),
    isExact: false,
    isShapeExact: a.isShapeExact && b.isShapeExact && sameExtents(a.shape, b.shape),
    mayBeNaN: a.mayBeNaN || b.mayBeNaN,
  };
}

/** Returns whether `outer` includes everything that `inner` allows. */
export function holds(outer: AbstractTensor, inner: AbstractTensor): boolean {
  if (outer === inner) return true;
  const { shape, elements, below, isExact, isShapeExact, mayBeNaN } = outer;
  return (
    holdsExtents(shape, inner.shape) &&
    holdsElements(elements, inner.elements) &&
    (below === undefined || below === inner.below) &&
    (outer.offsets === undefined || outer.offsets === inner.offsets) &&
    (!isExact || inner.isExact) &&
    (!isShapeExact || inner.isShapeExact) &&
    (mayBeNaN || !inner.mayBeNaN)
  );
}

function holdsElements(outer: Elements, inner: Elements): boolean {
  if (isUniform(outer)) {
    const [lo, hi] = hull(inner);
    return (outer.lo[0] as number) <= lo && (outer.hi[0] as number) >= hi;
  }
  return (
    outer.lo.length === inner.lo.length &&
    outer.lo.every((each, i) => each <= (inner.lo[i] as number)) &&
    outer.hi.every((each, i) => each >= (inner.hi[i] as number))
  );
}
