import type { Sliced } from "../slices.js";
import type { Axis } from "./axis.js";

/** Returns the input indexes that Pillow's NEAREST copies. It accumulates steps, including rounding errors. */
export function pillowNearest({ start, size, outSize, outStart, outCount }: Axis): Int32Array {
  const step = size / outSize;
  const picked = new Int32Array(outCount);
  let at = step * 0.5;
  for (let i = 0; i < outStart + outCount; i++, at += step) {
    if (i >= outStart) picked[i - outStart] = start + Math.min(size - 1, Math.trunc(at));
  }
  return picked;
}

/** Returns the input indexes of TensorFlow's nearest-neighbour resize, with half-pixel centres, in float32. */
export function tfNearest({ start, size, outSize, outStart, outCount }: Axis): Int32Array {
  const scale = Math.fround(size / outSize);
  return Int32Array.from({ length: outCount }, (_, i) => {
    const at = Math.fround(Math.fround(outStart + i + 0.5) * scale);
    return start + Math.max(0, Math.min(size - 1, Math.floor(at)));
  });
}

const PIXELS_PER_SLICE = 200_000;

/** Copies the pixels at the given rows and columns. */
export function* picked(
  source: Uint8Array,
  stride: number,
  channels: number,
  columns: Int32Array,
  rows: Int32Array,
): Sliced<Uint8Array> {
  const into = new Uint8Array(columns.length * rows.length * channels);
  let at = 0;
  let left = PIXELS_PER_SLICE;
  for (const row of rows) {
    for (const column of columns) {
      const from = row * stride + column * channels;
      for (let c = 0; c < channels; c++) into[at++] = source[from + c] as number;
    }
    left -= columns.length;
    if (left > 0) continue;
    left = PIXELS_PER_SLICE;
    yield;
  }
  return into;
}
