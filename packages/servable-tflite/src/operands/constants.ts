import type { GraphTensor } from "../graph/graph.js";
import { type AbstractTensor, anyOf, integerRange } from "./values/abstract-tensor.js";
import { type Elements, hull, uniform } from "./values/elements.js";
import { extent } from "./values/extent.js";

/** Constants with more elements are represented by one range for all. */
const MAX_LISTED = 4_096;

type Reader = (view: DataView, index: number) => number;

/** The readers of each type's elements, and the bytes of an element. */
const READERS: Readonly<Record<string, readonly [number, Reader]>> = {
  BOOL: [1, (view, i) => view.getUint8(i)],
  INT8: [1, (view, i) => view.getInt8(i)],
  UINT8: [1, (view, i) => view.getUint8(i)],
  INT16: [2, (view, i) => view.getInt16(2 * i, true)],
  INT32: [4, (view, i) => view.getInt32(4 * i, true)],
  INT64: [8, (view, i) => Number(view.getBigInt64(8 * i, true))],
  FLOAT32: [4, (view, i) => view.getFloat32(4 * i, true)],
};

/**
 * Returns a constant of the file as a tensor. Elements are read lazily: those of weights are never read.
 */
export function constantOf(tensor: GraphTensor, data: Uint8Array): AbstractTensor {
  const type = tensor.type?.name ?? "FLOAT32";
  const count = tensor.shape.reduce((product, each) => product * each, 1);
  const [width = Number.POSITIVE_INFINITY] = READERS[type] ?? [];
  const isListed = !tensor.isSparse && count >= 0 && count * width <= data.byteLength;
  let elements: Elements | undefined;
  const read = () => {
    elements ??= isListed ? readElements(type, data, count) : anyOf(type);
    return elements;
  };
  return {
    type,
    shape: tensor.shape.map(extent),
    get elements() {
      return read();
    },
    isExact: isListed,
    isShapeExact: true,
    get mayBeNaN() {
      return integerRange(type) === undefined && !hull(read()).every(Number.isFinite);
    },
  };
}

function readElements(type: string, data: Uint8Array, count: number): Elements {
  const [, read] = READERS[type] as readonly [number, Reader];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (count <= MAX_LISTED) {
    const lo = Float64Array.from({ length: count }, (_, i) => read(view, i));
    return lo.some(Number.isNaN) ? anyOf(type) : { lo, hi: lo };
  }
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = read(view, i);
    if (Number.isNaN(value)) return anyOf(type);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return uniform(least, most);
}
