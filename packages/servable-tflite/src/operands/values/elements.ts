/**
 * The ranges of a tensor's elements: one per element, or one for all. Bounds are float64: int64 bounds beyond 2^53 are
 * rounded.
 */
export interface Elements {
  readonly lo: Float64Array;
  /** The same array as `lo` if all values are known. */
  readonly hi: Float64Array;
}

/** One range from `lo` to `hi` for all elements. */
export const uniform = (lo: number, hi: number): Elements => ({
  lo: Float64Array.of(lo),
  hi: Float64Array.of(hi),
});

/** Known values. */
export function values(list: ArrayLike<number>): Elements {
  const lo = Float64Array.from(list);
  return { lo, hi: lo };
}

export const isUniform = ({ lo }: Elements): boolean => lo.length === 1;

/** Returns the range of element `index`. */
export const rangeAt = ({ lo, hi }: Elements, index: number): readonly [number, number] => {
  const at = lo.length === 1 ? 0 : index;
  return [lo[at] ?? Number.NEGATIVE_INFINITY, hi[at] ?? Number.POSITIVE_INFINITY];
};

/** Returns the range of all elements. Without elements, the range is empty: its bounds are infinite and crossed. */
export function hull({ lo, hi }: Elements): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < lo.length; i++) {
    least = Math.min(least, lo[i] as number);
    most = Math.max(most, hi[i] as number);
  }
  return [least, most];
}

/** Returns the values, if all are known. */
export function knownValues({ lo, hi }: Elements): ArrayLike<number> | undefined {
  if (lo === hi) return lo;
  for (let i = 0; i < lo.length; i++) if (lo[i] !== hi[i]) return undefined;
  return lo;
}

/** Returns the elements at `indices`. */
export function pick(elements: Elements, indices: ArrayLike<number>): Elements {
  if (isUniform(elements)) return elements;
  const take = (from: Float64Array) => Float64Array.from(indices, (index) => from[index] as number);
  const lo = take(elements.lo);
  return { lo, hi: elements.lo === elements.hi ? lo : take(elements.hi) };
}

/** Concatenates the elements of several tensors; `counts` are their numbers of elements. */
export function concatenate(parts: readonly Elements[], counts: readonly number[]): Elements {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const lo = new Float64Array(total);
  const hi = new Float64Array(total);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const end = at + (counts[i] as number);
    if (isUniform(part)) {
      lo.fill(part.lo[0] as number, at, end);
      hi.fill(part.hi[0] as number, at, end);
    } else {
      lo.set(part.lo, at);
      hi.set(part.hi, at);
    }
    at = end;
  }
  return { lo, hi };
}

/** Returns ranges that include both cases. */
export function join(a: Elements, b: Elements): Elements {
  if (a.lo.length !== b.lo.length) {
    const [left, right] = [hull(a), hull(b)];
    return uniform(Math.min(left[0], right[0]), Math.max(left[1], right[1]));
  }
  return {
    lo: a.lo.map((each, i) => Math.min(each, b.lo[i] as number)),
    hi: a.hi.map((each, i) => Math.max(each, b.hi[i] as number)),
  };
}
