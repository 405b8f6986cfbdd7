import { type AbstractTensor, integerRange } from "../values/abstract-tensor.js";
import { hull, isUniform, pick, uniform } from "../values/elements.js";
import {
  type Extent,
  elementsOf,
  extent,
  isKnown,
  knownShape,
  unknownExtent,
} from "../values/extent.js";
import { axisOf, numbersOf, rangesOf } from "../values/operand-values.js";
import type { Rule } from "../values/operator-view.js";
import { withoutRelations } from "./elementwise.js";
import { picked, span } from "./pick.js";

/** TRANSPOSE, with a known permutation. */
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

/** TILE repeats a tensor along its dimensions. */
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

/** PAD, PADV2 and MIRROR_PAD: one range for the elements and the padding. */
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

/** BROADCAST_TO repeats a tensor up to a shape. */
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
