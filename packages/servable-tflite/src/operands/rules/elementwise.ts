import {
  type AbstractTensor,
  anyOf,
  integerRange,
  type Offset,
  offsetOf,
  withinType,
} from "../values/abstract-tensor.js";
import { type Elements, hull, isUniform, uniform } from "../values/elements.js";
import { broadcast, type Extents, elementsOf, knownShape } from "../values/extent.js";
import type { OperatorView, Rule } from "../values/operator-view.js";

/** Computes the bounds of a result from the bounds of operands; NaN if nothing is known. */
type Bounds = (a: number, A: number, b: number, B: number) => readonly [number, number];

/** A binary operator that broadcasts its operands. */
export function binary(bounds: Bounds): Rule {
  return (op) => {
    const [a, b] = [op.input(0), op.input(1)];
    const shape = broadcast(a.shape, b.shape);
    const type = op.outputType();
    const isFollowed = ["INT32", "INT64", "FLOAT32", "BOOL"].includes(a.type);
    if (!isFollowed) return [op.unknown(shape)];
    const computed = combine(a, b, shape, op.limit, bounds);
    const raw = computed ?? anyOf(type);
    const elements = fused(op, withinType(type, type === "FLOAT32" ? rounded(raw) : raw));
    const isFloat = integerRange(a.type) === undefined;
    return [
      {
        type,
        shape,
        elements,
        isExact: a.isExact && b.isExact && op.areShapesExact,
        isShapeExact: op.areShapesExact,
        mayBeNaN: isFloat && type !== "BOOL" && (a.mayBeNaN || b.mayBeNaN || !isBounded(elements)),
        ...sourceOf(a, b),
        ...(elements === raw && movedBy(op.name, a, b)),
      },
    ];
  };
}

/** Returns the offset of a single value plus a known value. */
function movedBy(
  name: string,
  a: AbstractTensor,
  b: AbstractTensor,
): Pick<AbstractTensor, "offsets"> | undefined {
  const isSingle = elementsOf(a.shape).hi === 1 && elementsOf(b.shape).hi === 1;
  if (!isSingle || integerRange(a.type) === undefined || (name !== "ADD" && name !== "SUB")) return;
  const sign = name === "ADD" ? 1 : -1;
  const known = onlyValue(b);
  if (known !== undefined) return { offsets: [added(offsetOf(a), sign * known)] };
  const other = onlyValue(a);
  return other !== undefined && sign === 1 ? { offsets: [added(offsetOf(b), other)] } : undefined;
}

const added = ({ from, by }: Offset, step: number): Offset => ({ from, by: by + step });

const onlyValue = ({ elements }: AbstractTensor): number | undefined => {
  const [lo, hi] = hull(elements);
  return lo === hi ? lo : undefined;
};

const isBounded = (elements: Elements) => hull(elements).every(Number.isFinite);

/** Returns the input that several tensors come from, if there is only one. */
export function sourceOf(...tensors: readonly AbstractTensor[]): { source?: string } {
  const names = new Set(tensors.flatMap(({ source }) => (source === undefined ? [] : [source])));
  const [name] = names;
  return names.size === 1 && name !== undefined ? { source: name } : {};
}

function combine(
  a: AbstractTensor,
  b: AbstractTensor,
  shape: Extents,
  limit: number,
  bounds: Bounds,
): Elements | undefined {
  const known = knownShape(shape);
  const count = known?.reduce((product, each) => product * each, 1) ?? Number.POSITIVE_INFINITY;
  if ((isUniform(a.elements) && isUniform(b.elements)) || count > limit) {
    return apply(hulled(a.elements), hulled(b.elements), 1, undefined, undefined, bounds);
  }
  const left = indexer(a, known as readonly number[]);
  const right = indexer(b, known as readonly number[]);
  return apply(a.elements, b.elements, count, left, right, bounds);
}

const hulled = (elements: Elements) =>
  isUniform(elements) ? elements : uniform(...hull(elements));

function apply(
  a: Elements,
  b: Elements,
  count: number,
  left: Int32Array | undefined,
  right: Int32Array | undefined,
  bounds: Bounds,
): Elements | undefined {
  const lo = new Float64Array(count);
  const hi = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [l, r] = [left?.[i] ?? 0, right?.[i] ?? 0];
    const [least, most] = bounds(
      a.lo[l] as number,
      a.hi[l] as number,
      b.lo[r] as number,
      b.hi[r] as number,
    );
    if (Number.isNaN(least) || Number.isNaN(most)) return undefined;
    lo[i] = least;
    hi[i] = most;
  }
  return { lo, hi };
}

/** Returns the index of the operand's element for each element of the broadcast result. */
function indexer({ elements, shape }: AbstractTensor, out: readonly number[]): Int32Array {
  const count = out.reduce((product, each) => product * each, 1);
  const indices = new Int32Array(count);
  const own = knownShape(shape);
  if (isUniform(elements) || own === undefined) return indices;
  let stride = 1;
  const strides = out.map(() => 0);
  for (let d = own.length - 1; d >= 0; d--) {
    if (own[d] !== 1) strides[d + out.length - own.length] = stride;
    stride *= own[d] as number;
  }
  for (let i = 0; i < count; i++) {
    let rest = i;
    for (let d = out.length - 1; d >= 0; d--) {
      const extent = out[d] as number;
      indices[i] = (indices[i] as number) + (rest % extent) * (strides[d] as number);
      rest = Math.floor(rest / extent);
    }
  }
  return indices;
}

/** Rounding to the nearest float32 preserves the order. */
const rounded = ({ lo, hi }: Elements): Elements => ({
  lo: lo.map(Math.fround),
  hi: hi.map(Math.fround),
});

const ACTIVATIONS: Readonly<Record<number, readonly [number, number]>> = {
  1: [0, Number.POSITIVE_INFINITY],
  2: [-1, 1],
  3: [0, 6],
  4: [-1, 1],
};
const ARITHMETIC = ["ADD", "SUB", "MUL", "DIV"];

/** Not every kernel applies the fused activation to integers, so the result is the join of both. */
function fused(op: OperatorView, elements: Elements): Elements {
  const activation = ARITHMETIC.includes(op.name) ? (op.options?.uint8(0) ?? 0) : 0;
  if (activation === 0) return elements;
  const [least, most] = ACTIVATIONS[activation] ?? [
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ];
  const [lo, hi] = hull(elements);
  const clamped = (value: number) => Math.min(Math.max(value, least), most);
  return uniform(Math.min(lo, clamped(lo)), Math.max(hi, clamped(hi)));
}

/** A unary operator that never decreases as the operand grows. */
export function monotone(f: (value: number) => number): Rule {
  return (op) => {
    const x = op.input(0);
    const { lo, hi } = x.elements;
    const isQuantized = ["INT8", "UINT8", "INT16"].includes(x.type);
    if (isQuantized) return [op.unknown(x.shape)];
    const low = lo.map(f);
    const elements = withinType(x.type, { lo: low, hi: lo === hi ? low : hi.map(f) });
    return [{ ...withoutRelations(x), elements }];
  };
}

/** Returns a tensor without the relations of its elements to extents and other values. */
export function withoutRelations({ below, offsets, ...tensor }: AbstractTensor): AbstractTensor {
  return tensor;
}

/** Returns bounds of products, quotients and the like: the minimum and maximum over the corners. */
export function corners(f: (a: number, b: number) => number): Bounds {
  return (a, A, b, B) => {
    const results = [f(a, b), f(a, B), f(A, b), f(A, B)];
    return [Math.min(...results), Math.max(...results)];
  };
}

/** Converts a tensor to another type, as CAST does. */
export const cast: Rule = (op) => {
  const x = op.input(0);
  const type = op.outputType();
  const to = integerRange(type);
  const from = integerRange(x.type);
  const keeps = from !== undefined && (type === "INT32" || type === "INT64");
  const truncated =
    from === undefined && to !== undefined && type !== "BOOL"
      ? { lo: x.elements.lo.map(Math.trunc), hi: x.elements.hi.map(Math.trunc) }
      : x.elements;
  const elements = castElements(type, x.mayBeNaN && to !== undefined ? anyOf(x.type) : truncated);
  return [
    {
      ...withoutRelations(x),
      type,
      elements,
      mayBeNaN: to === undefined && x.mayBeNaN,
      ...(keeps && x.below && { below: x.below }),
      ...(keeps &&
        elements === x.elements &&
        elementsOf(x.shape).hi === 1 && { offsets: [offsetOf(x)] }),
    },
  ];
};

/** 32-bit integers wrap around. Floats out of range, and int64 beyond 2^53, become unknown values. */
function castElements(type: string, elements: Elements): Elements {
  if (type === "BOOL") return anyOf(type);
  const range = integerRange(type);
  const [lo, hi] = hull(elements);
  if (range === undefined) return type === "FLOAT32" ? rounded(elements) : elements;
  if (lo > hi || (lo >= range[0] && hi <= range[1])) return elements;
  return anyOf(type);
}

export const comparison: Rule = (op) =>
  binary((a, A, b, B) => {
    const [never, always] = outcome(op.name, a, A, b, B);
    return [always ? 1 : 0, never ? 0 : 1];
  })(op).map((result) => ({ ...result, type: "BOOL" }));

/** Returns whether a comparison cannot be true, and whether it must be. */
function outcome(name: string, a: number, A: number, b: number, B: number): [boolean, boolean] {
  if (name === "LESS") return [a >= B, A < b];
  if (name === "LESS_EQUAL") return [a > B, A <= b];
  if (name === "GREATER") return [A <= b, a > B];
  if (name === "GREATER_EQUAL") return [A < b, a >= B];
  const isDisjoint = A < b || a > B;
  const isEqual = a === A && b === B && a === b;
  return name === "EQUAL" ? [isDisjoint, isEqual] : [isEqual, isDisjoint];
}

/** SELECT and SELECT_V2. */
export const select: Rule = (op) => {
  const [condition, a, b] = [op.input(0), op.input(1), op.input(2)];
  const isByRow = op.name === "SELECT" && condition.shape?.length !== a.shape?.length;
  const shape = isByRow ? a.shape : broadcast(condition.shape, broadcast(a.shape, b.shape));
  const known = isByRow ? undefined : knownShape(shape);
  const count = known?.reduce((product, each) => product * each, 1) ?? Number.POSITIVE_INFINITY;
  const isListed = known !== undefined && count <= op.limit;
  return [
    {
      type: op.outputType(),
      shape,
      elements: isListed ? chosen(condition, a, b, known) : either(condition, a, b),
      isExact: !isByRow && op.areShapesExact && condition.isExact && a.isExact && b.isExact,
      isShapeExact: op.areShapesExact,
      mayBeNaN: a.mayBeNaN || b.mayBeNaN,
      ...sourceOf(condition, a, b),
    },
  ];
};

function either(condition: AbstractTensor, a: AbstractTensor, b: AbstractTensor): Elements {
  const [never, always] = hull(condition.elements);
  if (always === 0) return hulled(b.elements);
  if (never === 1) return hulled(a.elements);
  const [left, right] = [hull(a.elements), hull(b.elements)];
  return uniform(Math.min(left[0], right[0]), Math.max(left[1], right[1]));
}

function chosen(
  condition: AbstractTensor,
  a: AbstractTensor,
  b: AbstractTensor,
  shape: readonly number[],
): Elements {
  const [test, left, right] = [condition, a, b].map((tensor) => {
    const indices = indexer(tensor, shape);
    const { lo, hi } = tensor.elements;
    return Array.from(indices, (index) => [lo[index] as number, hi[index] as number] as const);
  }) as [
    (readonly [number, number])[],
    (readonly [number, number])[],
    (readonly [number, number])[],
  ];
  const ranges = test.map(([never, always], i) => {
    const [x, y] = [left[i] as readonly [number, number], right[i] as readonly [number, number]];
    if (never === 1) return x;
    return always === 0 ? y : ([Math.min(x[0], y[0]), Math.max(x[1], y[1])] as const);
  });
  return {
    lo: Float64Array.from(ranges, ([lo]) => lo),
    hi: Float64Array.from(ranges, ([, hi]) => hi),
  };
}
