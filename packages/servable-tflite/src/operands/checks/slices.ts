import { masksOf } from "../rules/slices.js";
import { isUniform, rangeAt } from "../values/elements.js";
import { type Extent, extentsText, listLength } from "../values/extent.js";
import type { OperatorView } from "../values/operator-view.js";
import { type Finding, required } from "./constraint.js";

/** Begin and size must be within the extents of the input. */
export function checkSlice(op: OperatorView): Finding {
  const [x, begin, size] = [op.input(0), op.input(1), op.input(2)];
  const isInside = x.shape?.every((whole, i) => {
    const [first, last] = rangeAt(begin.elements, i);
    const [least, most] = rangeAt(size.elements, i);
    return first >= 0 && least >= -1 && last + Math.max(most, 0) <= whole.lo;
  });
  return required("begin", 1, begin, {
    isShown: isInside ?? false,
    isExact: size.isExact && op.areShapesExact,
    expected: `begin >= 0 and begin + size <= [${extentsText(x.shape)}], with size [${rangesText(op, 2)}]`,
  });
}

function rangesText(op: OperatorView, input: number): string {
  const { elements } = op.input(input);
  const count = isUniform(elements) ? 1 : Math.min(elements.lo.length, 8);
  return Array.from({ length: count }, (_, i) =>
    [...new Set(rangeAt(elements, i))].join(".."),
  ).join(",");
}

/** A begin outside the extent is clamped, but not along an axis that the result removes. */
export function checkShrunkAxes(op: OperatorView): Finding {
  const { begin: open, shrink, isOffset, ellipsis, newAxis } = masksOf(op);
  const begin = op.input(1);
  const { shape } = op.input(0);
  const count = listLength(begin.shape) ?? 0;
  const isMoved = ellipsis !== 0 || newAxis !== 0 || isOffset;
  const isInside = Array.from({ length: count }, (_, i) => {
    if ((shrink & (1 << i)) === 0 || (open & (1 << i)) !== 0) return true;
    const [lo, hi] = rangeAt(begin.elements, i);
    const whole = isMoved ? shrunkExtent(shape) : shape?.[i]?.lo;
    return lo >= -(whole ?? 0) && hi < (whole ?? 0);
  });
  return required("begin", 1, begin, {
    isShown: shrink === 0 || (isInside.every(Boolean) && count > 0),
    isExact: op.areShapesExact,
    expected: `indices of extents [${extentsText(shape)}]`,
  });
}

/** With an ellipsis or new axes, the smallest extent is used instead of the one that an index refers to. */
const shrunkExtent = (shape: readonly Extent[] | undefined) =>
  shape === undefined ? 0 : Math.min(...shape.map(({ lo }) => lo));
