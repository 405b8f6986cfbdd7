import { hull, rangeAt } from "../values/elements.js";
import { extentsText, isKnown, knownShape } from "../values/extent.js";
import { axisOf, numbersOf } from "../values/operand-values.js";
import type { OperatorView } from "../values/operator-view.js";
import { type Allowed, elementsWithin, type Finding, required } from "./constraint.js";
import { MAX_STEP } from "./operand-row.js";

/** Multiples must be >= 0, and their product must fit in an int32. */
export function checkTile(op: OperatorView): Finding {
  const [x, multiples] = [op.input(0), op.input(1)];
  const bytes = x.shape?.reduce(
    (size, { hi }, i) => size * Math.max(hi * rangeAt(multiples.elements, i)[1], 1),
    1,
  );
  const [least] = hull(multiples.elements);
  return required("multiples", 1, multiples, {
    isShown: least >= 0 && bytes !== undefined && bytes < MAX_STEP,
    isExact: op.areShapesExact,
    expected: `multiples >= 0 and fewer than 2^30 elements, with shape [${extentsText(x.shape)}]`,
  });
}

/** Paddings must not exceed what the input can mirror. */
export function checkMirrorPad(op: OperatorView): Finding {
  const isSymmetric = (op.options?.uint8(0) ?? 0) === 1;
  const shape = op.shape(0);
  const allowed: Allowed = (i) => [
    0,
    (shape?.[Math.floor(i / 2)]?.lo ?? 0) - (isSymmetric ? 0 : 1),
  ];
  return elementsWithin("paddings", 1, op.input(1), allowed, {
    isExact: op.areShapesExact,
    period: Math.max(1, 2 * (shape?.length ?? 0)),
  });
}

/** The operand must be a permutation of the input's axes. */
export function checkPermutation(op: OperatorView): Finding {
  const perm = op.input(1);
  const rank = op.shape(0)?.length;
  const list = numbersOf(perm) ?? [];
  const isPermutation =
    list.length === rank &&
    new Set(list).size === rank &&
    list.every((axis) => axis >= 0 && axis < list.length);
  return required("perm", 1, perm, {
    isShown: isPermutation,
    isExact: op.areShapesExact,
    expected: `each of the ${rank ?? "?"} axes once`,
  });
}

/** Sizes must sum to the extent along the axis; one of them may be -1. */
export function checkSplitSizes(op: OperatorView): Finding {
  const sizes = op.input(1);
  const [axis] = numbersOf(op.input(2)) ?? [];
  const shape = op.shape(0);
  const at = axis === undefined || shape === undefined ? undefined : axisOf(axis, shape.length);
  const whole = at === undefined ? undefined : shape?.[at];
  const list = numbersOf(sizes) ?? [];
  const rest = list.filter((size) => size === -1).length;
  const used = list.reduce((sum, size) => sum + Math.max(size, 0), 0);
  const isWhole =
    whole !== undefined &&
    list.length === op.outputs.length &&
    list.every((size) => size >= -1) &&
    (rest === 1 ? used <= whole.lo : rest === 0 && isKnown(whole) && used === whole.lo);
  return required("size_splits", 1, sizes, {
    isShown: isWhole,
    isExact: op.areShapesExact && op.input(2).isExact,
    expected: `sizes whose sum is the extent of axis ${axis ?? "?"} of [${extentsText(shape)}]`,
  });
}

/** Batch, channels and extents must reduce to those of the input under a convolution with these strides. */
export function checkTransposedConvolution(op: OperatorView): Finding {
  const [target, weights, x] = [op.input(0), op.shape(1), op.shape(2)];
  const filter = knownShape(weights);
  const is3d = op.name === "CONV_3D_TRANSPOSE";
  const strides = is3d ? [1, 3, 2] : [2, 1];
  const allowed: Allowed = (i) => {
    if (filter === undefined || x === undefined) return [0, -1];
    if (i === 0) return [x[0]?.lo ?? 0, x[0]?.lo ?? 0];
    if (i === x.length - 1) return [filter.at(is3d ? -2 : 0) ?? 0, filter.at(is3d ? -2 : 0) ?? 0];
    const stride = Math.max(op.options?.int32(strides[i - 1] as number) ?? 1, 1);
    const size = filter[is3d ? i - 1 : i] as number;
    const whole = x[i]?.lo ?? 0;
    const isSame = (op.options?.uint8(0) ?? 0) === 0;
    return isSame
      ? [(whole - 1) * stride + 1, whole * stride]
      : [Math.max(whole * stride + size - stride, 1), whole * stride + size - 1];
  };
  const isExact = op.areShapesExact && (x?.every(isKnown) ?? false);
  return elementsWithin("output_shape", 0, target, allowed, { isExact, period: x?.length ?? 1 });
}
