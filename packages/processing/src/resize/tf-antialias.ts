import type { Sliced } from "../slices.js";
import type { Axis, Taps } from "./axis.js";

/** Returns the weights of TensorFlow's ScaleAndTranslate with a triangle filter that covers the inputs of an output. */
function trianglesOf({ start, size, outSize, outStart, outCount }: Axis): Taps<Float32Array> {
  const scale = size / outSize;
  const radius = Math.max(scale, 1);
  const width = Math.min(2 * Math.ceil(radius) + 1, size);
  const starts = new Int32Array(outCount);
  const counts = new Int32Array(outCount);
  const weights = new Float32Array(outCount * width);
  for (let i = 0; i < outCount; i++) {
    const centre = (outStart + i + 0.5) * scale;
    const first = Math.min(Math.max(Math.ceil(centre - radius - 0.5), 0), size - 1);
    const last = Math.min(Math.max(Math.floor(centre + radius - 0.5), 0), size - 1);
    const count = Math.min(last + 1 - first, width);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / radius);
      weights[i * width + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++)
      weights[i * width + k] = (weights[i * width + k] as number) / sum;
    starts[i] = start + first;
    counts[i] = count;
  }
  return { starts, counts, weights, width };
}

const PRODUCTS_PER_SLICE = 400_000;

/**
 * Resizes like `tf.image.resize(antialias=True)`, within 0.01 of 255, because sums are not rounded in the same order.
 */
export function* tfAntialias(
  source: Uint8Array,
  stride: number,
  channels: number,
  across: Axis,
  down: Axis,
): Sliced<Float32Array> {
  const columns = trianglesOf(across);
  const rows = trianglesOf(down);
  const width = across.outCount * channels;
  const into = new Float32Array(width * down.outCount);
  // Input rows after the first pass, which several outputs share.
  const ready = new Map<number, Float32Array>();
  let left = PRODUCTS_PER_SLICE;
  for (let y = 0; y < down.outCount; y++) {
    const first = rows.starts[y] as number;
    for (const row of ready.keys()) if (row < first) ready.delete(row);
    for (let k = 0; k < (rows.counts[y] as number); k++) {
      let row = ready.get(first + k);
      if (row === undefined) {
        row = narrowedRow(source, (first + k) * stride, channels, columns);
        ready.set(first + k, row);
        left -= width * columns.width;
      }
      addRow(into, y * width, row, rows.weights[y * rows.width + k] as number);
      left -= width;
      if (left > 0) continue;
      left = PRODUCTS_PER_SLICE;
      yield;
    }
  }
  return into;
}

function narrowedRow(
  source: Uint8Array,
  from: number,
  channels: number,
  { starts, counts, weights, width }: Taps<Float32Array>,
): Float32Array {
  const row = new Float32Array(starts.length * channels);
  for (let x = 0, at = 0; x < starts.length; x++) {
    const first = from + (starts[x] as number) * channels;
    const count = counts[x] as number;
    for (let c = 0; c < channels; c++, at++) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        sum += (source[first + c + k * channels] as number) * (weights[x * width + k] as number);
      }
      row[at] = sum;
    }
  }
  return row;
}

function addRow(into: Float32Array, at: number, row: Float32Array, weight: number): void {
  for (let i = 0; i < row.length; i++) {
    into[at + i] = (into[at + i] as number) + (row[i] as number) * weight;
  }
}
