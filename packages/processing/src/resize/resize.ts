import type { Sliced } from "../slices.js";
import type { Axis } from "./axis.js";
import { picked, pillowNearest, tfNearest } from "./nearest.js";
import { pillowResized } from "./pillow-resize.js";
import { BICUBIC, BILINEAR } from "./pillow-taps.js";
import { tfAntialias } from "./tf-antialias.js";
import { tfBilinear } from "./tf-bilinear.js";

/** The resize methods, each named after the library function that it reproduces. */
export const RESIZE_METHODS = [
  "pillow-bilinear",
  "pillow-bicubic",
  "pillow-nearest",
  "tf-bilinear",
  "tf-bilinear-antialias",
  "tf-nearest",
  "tf1-bilinear",
] as const;

/**
 * A resize method. For the same pixels, the outputs match those of the library.
 *
 * | method | the function | outputs |
 * | --- | --- | --- |
 * | `pillow-bilinear`, `pillow-bicubic`, `pillow-nearest` | Pillow's `Image.resize` with `BILINEAR`, `BICUBIC`, `NEAREST` | equal, bytes |
 * | `tf-bilinear`, `tf-nearest` | `tf.image.resize` with `bilinear`, `nearest` | equal, float32 and bytes |
 * | `tf-bilinear-antialias` | `tf.image.resize(antialias=True)` | within 0.01, float32 |
 * | `tf1-bilinear` | `tf.compat.v1.image.resize_bilinear`: no half-pixel centres | equal, float32 |
 */
export type ResizeMethod = (typeof RESIZE_METHODS)[number];

/** Pixels from 0 to 255, row by row, with interleaved channels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Resizes pixels. The outputs are in the order of the pixels. */
export function resized(
  { width, channels, data }: Pixels,
  across: Axis,
  down: Axis,
  method: ResizeMethod,
): Sliced<Uint8Array | Float32Array> {
  const stride = width * channels;
  switch (method) {
    case "pillow-bilinear":
      return pillowResized({ source: data, stride, channels }, across, down, BILINEAR);
    case "pillow-bicubic":
      return pillowResized({ source: data, stride, channels }, across, down, BICUBIC);
    case "pillow-nearest":
      return picked(data, stride, channels, pillowNearest(across), pillowNearest(down));
    case "tf-nearest":
      return picked(data, stride, channels, tfNearest(across), tfNearest(down));
    case "tf-bilinear-antialias":
      return tfAntialias(data, stride, channels, across, down);
    default:
      return tfBilinear(data, stride, channels, across, down, method === "tf1-bilinear");
  }
}
