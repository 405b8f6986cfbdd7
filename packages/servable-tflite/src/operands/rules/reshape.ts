import type { AbstractTensor } from "../values/abstract-tensor.js";
import {
  type Extent,
  type Extents,
  elementsOf,
  extent,
  isKnown,
  unknownExtent,
  upTo,
} from "../values/extent.js";
import { axisOf, numbersOf, rangesOf } from "../values/operand-values.js";
import type { OperatorView, Rule } from "../values/operator-view.js";
import { offsetsOf } from "./parts.js";

/** Returns the elements in the same order in another shape. */
export const sameOrder = (x: AbstractTensor, shape: Extents, op: OperatorView): AbstractTensor => ({
  ...x,
  ...offsetsOf([x]),
  shape,
  isShapeExact: op.areShapesExact && op.inputs.slice(1).every((each) => each?.isExact ?? true),
});

/** RESHAPE keeps the elements in their order. */
export const reshape: Rule = (op) => {
  const x = op.input(0);
  const operand = op.inputs[1];
  const target =
    operand === undefined ? op.options?.int32s(0) : rangesOf(operand, op.outputs[0]?.shape.length);
  return [sameOrder(x, target && reshaped(x.shape, target.map(toExtent)), op)];
};

const toExtent = (target: number | Extent): Extent =>
  typeof target === "number" ? extent(target) : target;

/** -1 is inferred; if the other extents cancel out all but one extent of the input, it is that extent. */
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

/** SQUEEZE removes dimensions of extent 1. */
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

/** EXPAND_DIMS adds a dimension of extent 1. */
export const expandDims: Rule = (op) => {
  const x = op.input(0);
  const [axis] = numbersOf(op.input(1)) ?? [];
  const at =
    axis === undefined || x.shape === undefined ? undefined : axisOf(axis, x.shape.length + 1);
  const shape = at === undefined ? undefined : x.shape?.toSpliced(at, 0, extent(1));
  return [sameOrder(x, shape, op)];
};
