import type { TensorData } from "@serving-kit/inference";
import type { Scale } from "../rows.js";
import type { Sliced } from "../slices.js";
import type { ImageDType, ImagePlan } from "./image-options.js";
import type { Placement } from "./placement.js";

/** The outputs of a resize. */
export interface ResizedPixels {
  readonly pixels: Uint8Array | Float32Array;
  /** 1 for a grey image, even if the tensor has three channels. */
  readonly channels: 1 | 3;
  readonly placement: Placement;
}

type Elements = TensorData[ImageDType];

/** Writes the pixels of one image into its part of a tensor. */
export type WritePixels = (resized: ResizedPixels, into: Elements) => Sliced<void>;

const ELEMENTS_PER_SLICE = 300_000;

/** Returns the function that scales pixels and lays them out according to a plan. */
export function pixelWriter(plan: ImagePlan): WritePixels {
  const writers = channelsOf(plan).map((channel) => new ChannelWriter(plan, channel));
  return function* (resized, into) {
    const { outCount } = resized.placement.down;
    const rows = Math.ceil(ELEMENTS_PER_SLICE / (plan.width * writers.length));
    if (plan.pad) for (const writer of writers) writer.fill(into);
    for (let y = 0; y < outCount; y += rows) {
      const end = Math.min(y + rows, outCount);
      for (const writer of writers) writer.write(resized, y, end, into);
      if (end < outCount) yield;
    }
  };
}

/** A channel of the tensor: its position in the tensor, and its position in a pixel, in which red is first. */
interface Channel {
  readonly index: number;
  readonly source: number;
}

function channelsOf({ channels }: ImagePlan): Channel[] {
  const sources = { grey: [0], rgb: [0, 1, 2], bgr: [2, 1, 0] }[channels];
  return sources.map((source, index) => ({ index, source }));
}

class ChannelWriter {
  readonly #value: Scaling;
  /** The values of integer pixels. */
  readonly #table: Float32Array;
  readonly #plan: ImagePlan;
  readonly #source: number;
  readonly #filling: number;
  /** The distance between two pixels of the channel. */
  readonly #step: number;
  readonly #offset: number;

  constructor(plan: ImagePlan, { index, source }: Channel) {
    const { width, height, layout, channels, pad } = plan;
    this.#value = scaling(plan, index);
    this.#table = Float32Array.from({ length: 256 }, (_, pixel) => this.#value(pixel));
    this.#filling = this.#value(pad?.[index] ?? 0);
    this.#plan = plan;
    this.#source = source;
    const isNhwc = layout === "nhwc";
    this.#step = isNhwc && channels !== "grey" ? 3 : 1;
    this.#offset = isNhwc ? index : index * width * height;
  }

  /** Fills the channel with the padding value. */
  fill(into: Elements): void {
    const start = this.#offset;
    const end = start + this.#plan.width * this.#plan.height * this.#step;
    for (let i = start; i < end; i += this.#step) into[i] = this.#filling;
  }

  /** Writes the channel of the rows from `first` up to, but not including, `end`. */
  write(resized: ResizedPixels, first: number, end: number, into: Elements): void {
    const { pixels, channels, placement } = resized;
    const { left, top, across } = placement;
    const count = across.outCount;
    const from = channels === 1 ? 0 : this.#source;
    const step = this.#step;
    const values = this.#table;
    for (let y = first; y < end; y++) {
      const source = y * count * channels + from;
      const i = this.#offset + ((top + y) * this.#plan.width + left) * step;
      if (pixels instanceof Uint8Array)
        looked(pixels, source, channels, values, into, i, step, count);
      else this.#scale(pixels, source, channels, into, i, count);
    }
  }

  #scale(
    pixels: Float32Array,
    source: number,
    channels: number,
    into: Elements,
    start: number,
    count: number,
  ): void {
    const value = this.#value;
    const step = this.#step;
    for (let x = 0; x < count; x++) {
      into[start + x * step] = value(pixels[source + x * channels] as number);
    }
  }
}

/** Writes the values of integer pixels. A separate function, so that the engine specializes it for its array types. */
function looked(
  pixels: Uint8Array,
  source: number,
  channels: number,
  values: Float32Array,
  into: Elements,
  start: number,
  step: number,
  count: number,
): void {
  const end = start + count * step;
  for (let i = start, from = source; i < end; i += step, from += channels) {
    into[i] = values[pixels[from] as number] as number;
  }
}

type Scaling = (pixel: number) => number;

/** Returns the function that converts a pixel to its value in the tensor. */
function scaling(plan: ImagePlan, channel: number): Scaling {
  const { dtype, quantization } = plan;
  if (quantization) return quantizing(realScaling(plan, channel), quantization, dtype);
  if (dtype === "uint8") return Math.round;
  if (dtype === "int8") return (pixel) => Math.round(pixel) - 128;
  return realScaling(plan, channel);
}

/** Each step is rounded to float32, as in the libraries. */
function realScaling({ range, mean, std }: ImagePlan, channel: number): Scaling {
  const { fround } = Math;
  const [low, high] = range;
  const divisor = fround(255 / (high - low));
  const subtracted = fround(mean[channel] as number);
  const scale = fround(std[channel] as number);
  return (pixel) => {
    const ranged = fround(fround(pixel / divisor) + fround(low));
    return fround(fround(ranged - subtracted) / scale);
  };
}

/** Quantizes real numbers: `real / scale + zeroPoint`, rounded and clamped to the dtype. */
function quantizing(real: Scaling, { scale, zeroPoint }: Scale, dtype: ImageDType): Scaling {
  const [step = 1] = scale;
  const [zero = 0] = zeroPoint;
  const [low, high] = dtype === "int8" ? [-128, 127] : [0, 255];
  return (pixel) => Math.max(low, Math.min(high, Math.round(real(pixel) / step) + zero));
}
