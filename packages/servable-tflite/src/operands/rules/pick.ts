import type { AbstractTensor } from "../values/abstract-tensor.js";
import { type Elements, hull, isUniform, pick, uniform } from "../values/elements.js";
import { type Extents, elementsOf, knownShape } from "../values/extent.js";
import type { OperatorView } from "../values/operator-view.js";
import { sourceOf, withoutRelations } from "./elementwise.js";

/** The indices along each dimension that a result has, in order: of slices, splits, gathers and tiles. */
type Lists = readonly ArrayLike<number>[];

/** Returns the elements of a tensor at the cross product of indices. */
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
 * Returns a result whose elements are some of those of `x`: the elements at the cross product of `lists`, computed only
 * if the result is small enough. Otherwise only their common range is known.
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

/** Returns one range for all elements. */
export const hullOf = (elements: Elements) =>
  isUniform(elements) ? elements : uniform(...hull(elements));

function isWithin(list: ArrayLike<number>, size: number): boolean {
  for (let i = 0; i < list.length; i++) {
    const index = list[i] as number;
    if (!(index >= 0 && index < size)) return false;
  }
  return true;
}

/** Returns the indices from `from` up to, but not including, `to`. */
export const span = (from: number, to: number, step = 1): number[] => {
  const length = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length }, (_, i) => from + i * step);
};

/** Returns all indices along each dimension. */
export const all = (shape: readonly number[]) => shape.map((each) => span(0, each));
