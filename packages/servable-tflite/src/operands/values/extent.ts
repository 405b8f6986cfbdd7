/**
 * The extent of a dimension, from `lo` to `hi`. The same object means the same extent, even if its number is unknown.
 */
export interface Extent {
  readonly lo: number;
  readonly hi: number;
  /** True if it merges several extents, and so equals no other extent. */
  readonly isMerged?: boolean;
  /** The dependence of an unknown extent on a value: `whole + sign * value + offset`, with 0 for an absent whole. */
  readonly depends?: {
    readonly on: object;
    readonly sign: 1 | -1;
    readonly offset: number;
    readonly whole?: Extent;
  };
}

/** The extents of a tensor; undefined if the rank is unknown. */
export type Extents = readonly Extent[] | undefined;

/** TensorFlow Lite counts extents and elements in an int32. */
export const MAX_EXTENT = 2 ** 31 - 1;

/** Tensors with more dimensions are not evaluated: only a damaged file has them. */
export const MAX_RANK = 64;

/** A known extent. */
export const extent = (value: number): Extent => ({ lo: value, hi: value });

/** An extent that is known only during the run, at most `hi`. */
export const upTo = (hi: number): Extent => ({ lo: 0, hi: Math.min(hi, MAX_EXTENT) });

/** Returns an unknown extent. A new object each time, because no two are known to be equal. */
export const unknownExtent = (): Extent => upTo(MAX_EXTENT);

/** Returns the length of a list of extents, if it is known and within the maximum rank. */
export function listLength(list: Extents): number | undefined {
  const length = list?.[0];
  return length !== undefined && isKnown(length) && length.lo <= MAX_RANK ? length.lo : undefined;
}

/** Returns whether a tensor can have some extents. Extents that depend on a value can still be negative. */
export const arePossible = (shape: Extents): boolean =>
  shape === undefined || (shape.length <= MAX_RANK && shape.every(({ lo, hi }) => lo <= hi));

export const isKnown = ({ lo, hi }: Extent): boolean => lo === hi;

/** Returns the extents as numbers, if all are known. */
export function knownShape(shape: Extents): readonly number[] | undefined {
  return shape?.every(isKnown) ? shape.map(({ lo }) => lo) : undefined;
}

/** Returns the number of elements of a tensor, saturated at infinity. */
export function elementsOf(shape: Extents): Extent {
  if (shape === undefined) return { lo: 0, hi: Number.POSITIVE_INFINITY };
  const isEmpty = shape.some(({ hi }) => hi === 0);
  const lo = shape.reduce((product, each) => product * each.lo, 1);
  return isEmpty ? extent(0) : { lo, hi: shape.reduce((product, each) => product * each.hi, 1) };
}

/** Returns the extents of the broadcast of two operands. */
export function broadcast(a: Extents, b: Extents): Extents {
  if (a === undefined || b === undefined) return undefined;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length];
    const right = b[i - rank + b.length];
    return left === undefined || right === undefined
      ? ((left ?? right) as Extent)
      : broadcastExtent(left, right);
  });
}

function broadcastExtent(a: Extent, b: Extent): Extent {
  if (a === b || (isKnown(b) && b.lo === 1)) return a;
  if (isKnown(a)) return a.lo === 1 ? b : a;
  if (isKnown(b)) return b;
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

/** Returns an extent that merges several. */
export const merged = (lo: number, hi: number): Extent => ({ lo, hi, isMerged: true });

/** Returns extents that include both cases. Undefined if the ranks differ. */
export function joinExtents(a: Extents, b: Extents): Extents {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((left, i) => {
    const right = b[i] as Extent;
    const isSame = left === right || (isKnown(left) && isKnown(right) && left.lo === right.lo);
    return isSame ? left : merged(Math.min(left.lo, right.lo), Math.max(left.hi, right.hi));
  });
}

/** Returns whether `outer` includes all extents that `inner` allows. */
export function holdsExtents(outer: Extents, inner: Extents): boolean {
  if (outer === undefined || inner === undefined) return outer === undefined;
  return (
    outer.length === inner.length &&
    outer.every((each, i) => {
      const other = inner[i] as Extent;
      const isRange = isKnown(each) || each.isMerged === true;
      return each === other || (isRange && each.lo <= other.lo && each.hi >= other.hi);
    })
  );
}

export function sameExtents(a: Extents, b: Extents): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.length === b.length && a.every((left, i) => left.lo === b[i]?.lo && left.hi === b[i]?.hi)
  );
}

/** Returns the sum of the extents of concatenated tensors. Parts of one whole sum to the whole. */
export function sumOfExtents(extents: readonly Extent[]): Extent {
  const open = extents.filter(({ depends }) => depends !== undefined);
  const rest = extents.filter(({ depends }) => depends === undefined);
  const [a, b] = open.map(({ depends }) => depends);
  const whole = a?.whole ?? b?.whole;
  const areParts =
    open.length === 2 && a?.on === b?.on && a?.sign !== b?.sign && whole !== undefined;
  const fixed = rest.reduce((sum, { lo }) => sum + lo, (a?.offset ?? 0) + (b?.offset ?? 0));
  if (areParts && rest.every(isKnown)) {
    return fixed === 0 ? whole : { lo: whole.lo + fixed, hi: whole.hi + fixed };
  }
  return {
    lo: extents.reduce((sum, { lo }) => sum + lo, 0),
    hi: extents.reduce((sum, { hi }) => sum + hi, 0),
  };
}

/** Formats extents for an error message, such as `1,2..5`. */
export const extentsText = (shape: readonly Extent[] | undefined) =>
  shape?.map(({ lo, hi }) => (lo === hi ? lo : `${lo}..${hi}`)) ?? "?";
