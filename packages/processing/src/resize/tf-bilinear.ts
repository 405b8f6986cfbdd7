import type { Sliced } from "../slices.js";
import type { Axis } from "./axis.js";

/** The two neighbours of each output of an axis, and its fractional position between them. */
interface Neighbours {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly share: Float32Array;
}

/**
 * Returns the neighbours that TensorFlow's ResizeBilinear uses, in float32.
 *
 * @param isLegacy Whether pixels have no half-pixel centres: `tf.compat.v1.image.resize_bilinear`.
 */
function neighboursOf(axis: Axis, isLegacy: boolean): Neighbours {
  const { start, size, outSize, outStart, outCount } = axis;
  const scale = Math.fround(size / outSize);
  const lower = new Int32Array(outCount);
  const upper = new Int32Array(outCount);
  const share = new Float32Array(outCount);
  for (let i = 0; i < outCount; i++) {
    const x = outStart + i;
    const at = isLegacy
      ? Math.fround(x * scale)
      : Math.fround(Math.fround(Math.fround(x + 0.5) * scale) - 0.5);
    const floor = Math.floor(at);
    const high = Math.min(Math.ceil(at), size - 1);
    upper[i] = start + high;
    lower[i] = start + Math.min(Math.max(floor, 0), high);
    share[i] = at - floor;
  }
  return { lower, upper, share };
}

const ELEMENTS_PER_SLICE = 50_000;

/** Resizes like `tf.image.resize` without antialias, bit by bit. */
export function* tfBilinear(
  source: Uint8Array,
  stride: number,
  channels: number,
  across: Axis,
  down: Axis,
  isLegacy: boolean,
): Sliced<Float32Array> {
  const columns = neighboursOf(across, isLegacy);
  const rows = neighboursOf(down, isLegacy);
  const width = across.outCount;
  const into = new Float32Array(width * down.outCount * channels);
  let left = ELEMENTS_PER_SLICE;
  let at = 0;
  for (let y = 0; y < down.outCount; y++) {
    const top = (rows.lower[y] as number) * stride;
    const bottom = (rows.upper[y] as number) * stride;
    const share = rows.share[y] as number;
    for (let x = 0; x < width; x++) {
      const near = (columns.lower[x] as number) * channels;
      const far = (columns.upper[x] as number) * channels;
      const across = columns.share[x] as number;
      for (let c = 0; c < channels; c++) {
        const above = between(source[top + near + c], source[top + far + c], across);
        const below = between(source[bottom + near + c], source[bottom + far + c], across);
        into[at++] = between(above, below, share);
      }
    }
    left -= width * channels;
    if (left > 0) continue;
    left = ELEMENTS_PER_SLICE;
    yield;
  }
  return into;
}

/** Interpolates in float32. */
function between(a = 0, b = 0, share: number): number {
  return Math.fround(a + Math.fround(Math.fround(b - a) * share));
}
