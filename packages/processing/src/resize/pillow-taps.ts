import type { Axis, Taps } from "./axis.js";

/** A filter of Pillow: the weight at a distance from the centre, and the distance from which it is 0. */
export interface PillowFilter {
  readonly support: number;
  weight(distance: number): number;
}

export const BILINEAR: PillowFilter = {
  support: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

/** Keys' filter with a = -0.5. */
export const BICUBIC: PillowFilter = {
  support: 2,
  weight(distance) {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  },
};

/** Number of fractional bits of the weights: a sum of 255 times weights fits into 32 bits with two to spare. */
export const PRECISION_BITS = 32 - 8 - 2;
const ONE = 1 << PRECISION_BITS;

/**
 * Returns the weights of an axis in fixed point, like `precompute_coeffs` and `normalize_coeffs_8bpc` in Pillow's
 * Resample.c.
 */
export function pillowTaps(axis: Axis, { support, weight }: PillowFilter): Taps<Int32Array> {
  const { start, size, outSize, outStart, outCount } = axis;
  const scale = size / outSize;
  const filterScale = Math.max(scale, 1);
  const radius = support * filterScale;
  const width = inEights(Math.ceil(radius) * 2 + 1);
  const starts = new Int32Array(outCount);
  const counts = new Int32Array(outCount);
  const weights = new Int32Array(outCount * width);
  const row = new Float64Array(width);
  for (let i = 0; i < outCount; i++) {
    const centre = (outStart + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - radius + 0.5));
    const count = Math.min(size, Math.trunc(centre + radius + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      row[k] = weight((k + first - centre + 0.5) * (1 / filterScale));
      sum += row[k] as number;
    }
    for (let k = 0; k < count; k++) {
      const real = (sum === 0 ? (row[k] as number) : (row[k] as number) / sum) * ONE;
      weights[i * width + k] = Math.trunc(real < 0 ? real - 0.5 : real + 0.5);
    }
    starts[i] = start + first;
    counts[i] = count;
  }
  return { starts, counts, weights, width };
}

/** Rounds up to a multiple of eight, because the kernel processes eight weights at a time. */
const inEights = (count: number) => (count + 7) & ~7;
