import type { Sliced } from "../slices.js";

/** The filter of resampy's `kaiser_best`: a sinc with a Kaiser window. */
const ZERO_CROSSINGS = 64;
const ROLLOFF = 0.9475937167399596;
const BETA = 14.769656459379492;

/**
 * Maximum number of positions between two samples at which the filter is tabulated; between them it is interpolated.
 */
const MAX_PHASES = 512;
const PRODUCTS_PER_SLICE = 400_000;

/**
 * Resamples. The filter is symmetric, so there is no delay: the sample at second t of the result corresponds to second
 * t of the sound.
 */
export function* resampled(samples: Float32Array, from: number, to: number): Sliced<Float32Array> {
  if (from === to) return samples;
  const divisor = commonDivisor(from, to);
  const [step, steps] = [from / divisor, to / divisor];
  const narrowing = Math.min(1, to / from);
  const filter = filterOf(Math.min(steps, MAX_PHASES), narrowing);
  const length = Math.ceil((samples.length * steps) / step);
  const result = new Float32Array(length);
  const perSlice = Math.max(1, Math.floor(PRODUCTS_PER_SLICE / filter.taps));
  for (let first = 0; first < length; first += perSlice) {
    const end = Math.min(length, first + perSlice);
    for (let i = first; i < end; i++) {
      // In integers, so that a long sound does not drift.
      const position = i * step;
      const sample = Math.floor(position / steps);
      result[i] = filtered(samples, sample, (position - sample * steps) / steps, filter);
    }
    if (end < length) yield;
  }
  return result;
}

interface Filter {
  /** Number of input samples for each output sample. */
  readonly taps: number;
  readonly phases: number;
  /** For each phase, and one more, the weights of the samples from `1 - taps / 2` to `taps / 2` around it. */
  readonly weights: Float32Array;
}

function filterOf(phases: number, narrowing: number): Filter {
  const half = Math.ceil(ZERO_CROSSINGS / narrowing) + 1;
  const taps = 2 * half;
  const weights = new Float32Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    for (let k = 0; k < taps; k++) {
      const distance = (k - half + 1 - phase / phases) * narrowing;
      weights[phase * taps + k] = narrowing * windowedSinc(distance);
    }
  }
  return { taps, phases, weights };
}

function windowedSinc(distance: number): number {
  const inWindow = distance / ZERO_CROSSINGS;
  if (Math.abs(inWindow) >= 1) return 0;
  const window = bessel(BETA * Math.sqrt(1 - inWindow * inWindow)) / bessel(BETA);
  const x = Math.PI * ROLLOFF * distance;
  return ROLLOFF * (x === 0 ? 1 : Math.sin(x) / x) * window;
}

/** The modified Bessel function of order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function filtered(
  samples: Float32Array,
  sample: number,
  fraction: number,
  { taps, phases, weights }: Filter,
): number {
  const phase = Math.floor(fraction * phases + 1e-9);
  const share = Math.max(0, fraction * phases - phase);
  const first = sample - taps / 2 + 1;
  const start = Math.max(0, -first);
  const end = Math.min(taps, samples.length - first);
  let at = phase * taps + start;
  let near = 0;
  let far = 0;
  if (share < 1e-9) {
    for (let k = start; k < end; k++, at++) {
      near += (samples[first + k] as number) * (weights[at] as number);
    }
    return near;
  }
  for (let k = start; k < end; k++, at++) {
    const value = samples[first + k] as number;
    near += value * (weights[at] as number);
    far += value * (weights[at + taps] as number);
  }
  return near + (far - near) * share;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
