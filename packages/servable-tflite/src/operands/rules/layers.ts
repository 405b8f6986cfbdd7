import type { AbstractTensor } from "../values/abstract-tensor.js";
import { hull, rangeAt, uniform } from "../values/elements.js";
import {
  broadcast,
  type Extent,
  elementsOf,
  extent,
  isKnown,
  knownShape,
  unknownExtent,
} from "../values/extent.js";
import { numbersOf } from "../values/operand-values.js";
import type { OperatorView, Rule } from "../values/operator-view.js";

/** Fields of the options of operators with windows: padding, strides, filter or dilation by dimension. */
interface Window {
  readonly strides: readonly number[];
  readonly sizes: readonly number[];
  readonly isSame: boolean;
}

function windowed(whole: Extent, i: number, { strides, sizes, isSame }: Window): Extent {
  const stride = Math.max(strides[i] ?? 1, 1);
  const size = sizes[i] ?? 1;
  const along = (value: number) =>
    Math.max(0, isSame ? Math.ceil(value / stride) : Math.ceil((value - size + 1) / stride));
  if (stride === 1 && (isSame || size === 1)) return whole;
  return { lo: along(whole.lo), hi: along(whole.hi) };
}

/** Applies a window to an image of NHWC or NDHWC, with another number of channels. */
function underWindow(
  op: OperatorView,
  x: AbstractTensor,
  window: Window,
  channels: Extent,
): AbstractTensor {
  const inner = x.shape?.slice(1, -1).map((each, i) => windowed(each, i, window));
  return op.unknown(inner && [x.shape?.[0] as Extent, ...inner, channels]);
}

const dilated = (size: number, dilation: number) => (size - 1) * dilation + 1;

export const convolution: Rule = (op) => {
  const filter = knownShape(op.shape(1));
  if (filter === undefined || filter.length !== 4 || op.shape(0)?.length !== 4) {
    return [op.unknown(undefined, false)];
  }
  const isDepthwise = op.name === "DEPTHWISE_CONV_2D";
  const dilationField = isDepthwise ? 5 : 4;
  const window = {
    isSame: (op.options?.uint8(0) ?? 0) === 0,
    strides: [op.options?.int32(2) ?? 1, op.options?.int32(1) ?? 1],
    sizes: [1, 0].map((back, i) =>
      dilated(filter[i + 1] as number, op.options?.int32(dilationField + back, 1) ?? 1),
    ),
  };
  return [underWindow(op, op.input(0), window, extent(filter[isDepthwise ? 3 : 0] as number))];
};

export const pool: Rule = (op) => {
  const x = op.input(0);
  if (x.shape?.length !== 4) return [op.unknown(undefined, false)];
  const window = {
    isSame: (op.options?.uint8(0) ?? 0) === 0,
    strides: [op.options?.int32(2) ?? 1, op.options?.int32(1) ?? 1],
    sizes: [op.options?.int32(4) ?? 1, op.options?.int32(3) ?? 1],
  };
  return [underWindow(op, x, window, x.shape[3] as Extent)];
};

export const fullyConnected: Rule = (op) => {
  const x = op.input(0);
  const [units, depth] = op.shape(1) ?? [];
  if (x.shape === undefined || units === undefined || depth === undefined) {
    return [op.unknown(undefined, false)];
  }
  const keeps = (op.options?.uint8(2) ?? 0) !== 0;
  const last = x.shape.at(-1);
  if (keeps) return [op.unknown(last && x.shape.with(-1, units))];
  const isMatrix =
    x.shape.length === 2 && last !== undefined && isKnown(last) && last.lo === depth.lo;
  const count = elementsOf(x.shape);
  const rows = isMatrix
    ? (x.shape[0] as Extent)
    : {
        lo: Math.floor(count.lo / Math.max(depth.lo, 1)),
        hi: Math.floor(count.hi / Math.max(depth.lo, 1)),
      };
  return [op.unknown([rows, units])];
};

export const batchMatmul: Rule = (op) => {
  const [x, y] = [op.shape(0), op.shape(1)];
  if (x === undefined || y === undefined || x.length < 2 || y.length < 2)
    return [op.unknown(undefined, false)];
  const isTransposed = (field: number) => (op.options?.uint8(field) ?? 0) !== 0;
  const rows = x.at(isTransposed(0) ? -1 : -2) as Extent;
  const columns = y.at(isTransposed(1) ? -2 : -1) as Extent;
  return [op.unknown([...(broadcast(x.slice(0, -2), y.slice(0, -2)) ?? []), rows, columns])];
};

/** RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */
export const resize: Rule = (op) => {
  const { shape } = op.input(0);
  const size = op.input(1);
  const [height, width] = [0, 1].map((i) => {
    const [lo, hi] = rangeAt(size.elements, i);
    return { lo: Math.max(lo, 0), hi: Math.max(hi, 0) };
  }) as [Extent, Extent];
  const out =
    shape?.length === 4 ? [shape[0] as Extent, height, width, shape[3] as Extent] : undefined;
  return [op.unknown(out, op.areShapesExact && size.isExact)];
};

/** SPACE_TO_DEPTH and DEPTH_TO_SPACE. */
export const depthAndSpace: Rule = (op) => {
  const { shape } = op.input(0);
  const block = op.options?.int32(0) ?? 1;
  if (shape?.length !== 4 || block < 1) return [op.unknown(undefined, false)];
  const isToDepth = op.name === "SPACE_TO_DEPTH";
  const factor = isToDepth ? 1 / block : block;
  const scaled = (each: Extent, by: number) => ({
    lo: Math.floor(each.lo * by),
    hi: Math.floor(each.hi * by),
  });
  const [batch, height, width, channels] = shape as readonly [Extent, Extent, Extent, Extent];
  return [
    op.unknown([
      batch,
      scaled(height, factor),
      scaled(width, factor),
      scaled(channels, 1 / factor ** 2),
    ]),
  ];
};

/** SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND, with known blocks and paddings or crops. */
export const batchAndSpace: Rule = (op) => {
  const { shape } = op.input(0);
  const [blocks, changes] = [numbersOf(op.input(1)), numbersOf(op.input(2))];
  const isFitting =
    blocks !== undefined &&
    changes?.length === 2 * blocks.length &&
    blocks.every((each) => each > 0);
  if (shape === undefined || !isFitting || shape.length <= blocks.length) {
    return [op.unknown(shape?.map(unknownExtent), false)];
  }
  const isToBatch = op.name === "SPACE_TO_BATCH_ND";
  const total = blocks.reduce((product, each) => product * each, 1);
  const batch = shape[0] as Extent;
  const by = (value: number) => (isToBatch ? value * total : Math.floor(value / total));
  const inner = blocks.map((block, i) => {
    const change = (changes[2 * i] as number) + (changes[2 * i + 1] as number);
    const resized = (value: number) =>
      Math.max(0, isToBatch ? Math.floor((value + change) / block) : value * block - change);
    const each = shape[i + 1] as Extent;
    return { lo: resized(each.lo), hi: resized(each.hi) };
  });
  return [
    op.unknown([
      { lo: by(batch.lo), hi: by(batch.hi) },
      ...inner,
      ...shape.slice(1 + blocks.length),
    ]),
  ];
};

export const embeddingLookup: Rule = (op) => {
  const [ids, table] = [op.shape(0), op.shape(1)];
  const count = ids?.[0];
  return [op.unknown(count && table && [count, ...table.slice(1)])];
};

/** UNIDIRECTIONAL_SEQUENCE_LSTM and _RNN: [batch, time, units]; the projection's weights may set the units. */
export const sequence: Rule = (op) => {
  const { shape } = op.input(0);
  const isLstm = op.name === "UNIDIRECTIONAL_SEQUENCE_LSTM";
  const weights = isLstm ? (op.inputs[16]?.shape ?? op.inputs[2]?.shape) : op.inputs[1]?.shape;
  const units = weights?.[0];
  const out =
    shape?.length === 3 && units !== undefined ? [...shape.slice(0, 2), units] : undefined;
  return [op.unknown(out)];
};

/** An operator whose result has a fixed range, such as LOGISTIC, and the shape of its operand. */
export const ranged =
  (lo: number, hi: number): Rule =>
  (op) => {
    const x = op.input(0);
    const isFloat = x.type === "FLOAT32";
    return [
      { ...op.unknown(x.shape), ...(isFloat && { elements: uniform(lo, hi), mayBeNaN: true }) },
    ];
  };

/** An operator that keeps the shape of operand `index`; the elements are unknown. */
export const shapeLike =
  (index: number): Rule =>
  (op) =>
    op.outputs.map((_, i) => op.unknown(op.shape(index), op.areShapesExact, i));

/** REVERSE_V2 and REVERSE_SEQUENCE move elements. */
export const rearranged: Rule = (op) => {
  const x = op.input(0);
  return [{ ...op.unknown(x.shape), elements: uniform(...hull(x.elements)), mayBeNaN: x.mayBeNaN }];
};

/** MATRIX_DIAG. */
export const matrixDiagonal: Rule = (op) => {
  const { shape } = op.input(0);
  const last = shape?.at(-1);
  return [op.unknown(shape && last && [...shape, last])];
};

/** DYNAMIC_UPDATE_SLICE: the elements of both. */
export const updated: Rule = (op) => {
  const [x, y] = [op.input(0), op.input(1)];
  const [a, b] = [hull(x.elements), hull(y.elements)];
  const elements = uniform(Math.min(a[0], b[0]), Math.max(a[1], b[1]));
  return [{ ...op.unknown(x.shape), elements, mayBeNaN: x.mayBeNaN || y.mayBeNaN }];
};

/** DILATE: inserts gaps between the elements along each dimension. */
export const dilation: Rule = (op) => {
  const { shape } = op.input(0);
  const gaps = op.input(1);
  const out = shape?.map((each, i) => {
    const [lo, hi] = rangeAt(gaps.elements, i);
    return {
      lo: Math.max(0, dilated(each.lo, Math.max(lo, 1))),
      hi: Math.max(0, dilated(each.hi, Math.max(hi, 1))),
    };
  });
  return [op.unknown(out, op.areShapesExact && gaps.isExact)];
};
