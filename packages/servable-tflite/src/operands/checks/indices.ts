import { rangeAt } from "../values/elements.js";
import { type Extent, isKnown, listLength } from "../values/extent.js";
import { axisOf } from "../values/operand-values.js";
import type { OperatorView } from "../values/operator-view.js";
import { type Allowed, elementsWithin, type Finding } from "./constraint.js";
import { MAX_STEP, type OperandRow } from "./operand-row.js";

const NO_EXTENT: Extent = { lo: 0, hi: 0 };

/**
 * Indices into the extents that `along` returns for each position in the operand's last dimension. They are the values
 * of operand `list`, or of a shape.
 */
export function indices(
  operand: string,
  input: number,
  along: (op: OperatorView) => readonly Extent[] | undefined,
  list?: number,
): Pick<OperandRow, "operand" | "check"> {
  return {
    operand,
    check(op) {
      const tensor = op.input(input);
      const extents = along(op) ?? [NO_EXTENT];
      const period = Math.max(extents.length, 1);
      const isBelow =
        tensor.below?.length === period &&
        tensor.below.every((each, i) => each === extents[i] || each.hi <= (extents[i]?.lo ?? 0));
      const allowed: Allowed = (i) =>
        isBelow
          ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
          : [0, (extents[i % period]?.lo ?? 0) - 1];
      const isExact = op.areShapesExact && (list === undefined || op.input(list).isExact);
      return elementsWithin(operand, input, tensor, allowed, {
        isExact,
        isSafe: extents.every(({ lo }) => lo > 0),
        period,
      });
    },
  };
}

/** An axis, or a list of axes. */
export const axes = (input: number, rank: (op: OperatorView) => number | undefined) => ({
  operand: "axis",
  check: (op: OperatorView) => {
    const size = rank(op) ?? 0;
    return elementsWithin("axis", input, op.input(input), () => [-size, size - 1]);
  },
});

/** Returns the rank of an input. */
export const rankOf = (input: number) => (op: OperatorView) => op.shape(input)?.length;

/** Requires each value to be from `least` to `most`. */
export const within = (operand: string, input: number, least: number, most: number) => ({
  operand,
  check: (op: OperatorView) => elementsWithin(operand, input, op.input(input), () => [least, most]),
});

const depthOf = (op: OperatorView, input: number) => {
  const depth = op.shape(input)?.at(-1);
  return depth !== undefined && isKnown(depth) ? depth.lo : undefined;
};

/** Returns the extents that index tuples refer to: the first extents of a tensor. */
export const firstExtents = (data: number, tuples: number) => (op: OperatorView) => {
  const depth = depthOf(op, tuples);
  const shape = op.shape(data);
  return depth === undefined || shape === undefined || depth > shape.length
    ? undefined
    : shape.slice(0, depth);
};

/** Returns the extents that an operand lists. */
export const listedExtents = (list: number, tuples: number) => (op: OperatorView) => {
  const isVector = (op.shape(tuples)?.length ?? 0) < 2;
  const depth = isVector ? 1 : listLength(op.shape(tuples)?.slice(-1));
  const { elements } = op.input(list);
  return depth === undefined
    ? undefined
    : Array.from({ length: depth }, (_, i) => {
        const [lo, hi] = rangeAt(elements, i);
        return { lo, hi };
      });
};

const gathered = indices("indices", 1, (op) => {
  const axis = axisOf(op.options?.int32(0) ?? 0, op.shape(0)?.length ?? 0);
  const along = axis === undefined ? undefined : op.shape(0)?.[axis];
  return along && [along];
});

/** Kernels for strings check indices in all versions. */
export function checkGather(op: OperatorView): Finding {
  const finding = gathered.check(op);
  return op.input(0).type === "STRING" ? { ...finding, isShown: true } : finding;
}

/** Each component of an index refers to a dimension of the operand. */
export function checkScatter(op: OperatorView): Finding {
  const shape = op.shape(0);
  const dimensions = op.operator.options2?.int64s(3).map(Number) ?? [];
  const extents = dimensions.map((d) => shape?.[d]?.lo ?? 0);
  const period = Math.max(1, extents.length);
  const least = Math.min(...extents, MAX_STEP);
  const isLast = Number(op.operator.options2?.int64(4) ?? 0n) === (op.shape(1)?.length ?? 0) - 1;
  const allowed: Allowed = (i) => [0, (isLast ? (extents[i % period] ?? 0) : least) - 1];
  return elementsWithin("scatter_indices", 1, op.input(1), allowed, {
    isExact: op.areShapesExact,
    period,
  });
}
