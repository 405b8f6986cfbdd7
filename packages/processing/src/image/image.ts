import { NUMERIC_DTYPES, type Tensor, type TensorData } from "@serving-kit/inference";
import type { ProcessingLimits } from "../processing-limits.js";
import { pictureSize } from "./decode.js";
import { type ImageDType, type ImageOptions, imagePlan } from "./image-options.js";
import { lengthOf, pictureConverter } from "./picture-converter.js";
import { type PictureSize, type Placement, placementOf } from "./placement.js";
import { readPicture } from "./read-picture.js";

/** The bytes of images: a string tensor, or one or several files. */
export type Pictures = Tensor<"string"> | readonly Uint8Array[] | Uint8Array;

/** Reads images into a tensor: see `image`. */
export interface ImageReader<D extends ImageDType = ImageDType> {
  /** Returns a tensor of `shape` with a row for each image. */
  (pictures: Pictures, limits?: ProcessingLimits): Promise<Tensor<D>>;
  readonly dtype: D;
  /** The shape of the tensors, such as `[-1, 224, 224, 3]`. */
  readonly shape: readonly [-1, number, number, number];
  /** Returns the sizes of images in pixels, upright, according to their headers. */
  sizes(pictures: Pictures): Promise<readonly PictureSize[]>;
  /** Returns the position of an image of this size in the tensor. `boxes` uses it to find the pixels of the image. */
  placement(size: PictureSize): Placement;
  /** Height and width of the tensor. */
  readonly size: readonly [height: number, width: number];
}

/**
 * Returns a function that reads images as a training script does: decodes JPEG, PNG, WebP, GIF, AVIF and TIFF upright,
 * resizes as the named library does, scales the values and lays them out.
 *
 * ```ts
 * const pixels = image({ size: 224, range: [-1, 1], resize: "tf-bilinear" });
 * const input = await pixels(readFileSync("cat.jpg"));
 * ```
 *
 * Decoding runs on libuv's threads. The rest runs in a worker thread, which starts after the first images; until then,
 * and on Bun and Deno, it runs on this thread in slices of less than a millisecond, one in each turn of the event loop.
 * Each event loop holds at most four decoded images in memory at a time, or one less than there are processors, with at
 * most `maxPixels` each. Requires the package `sharp`, which is imported for the first image.
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID for invalid options. The function rejects with
 * PICTURE_UNREADABLE or PICTURE_TOO_LARGE (INVALID_ARGUMENT), PROCESSING_LIBRARY_MISSING (FAILED_PRECONDITION), or the
 * reason of the signal.
 */
export function image<const D extends ImageDType = "float32">(
  options: ImageOptions<D>,
): ImageReader<D> {
  const plan = imagePlan(options);
  const { height, width, layout, channels } = plan;
  const dtype = plan.dtype as D;
  const count = channels === "grey" ? 1 : 3;
  const length = lengthOf(plan);
  const convert = pictureConverter(plan);
  const valuesOf = (file: Uint8Array, signal: AbortSignal | undefined) =>
    readPicture(file, plan, convert, signal) as Promise<TensorData[D]>;
  const shape =
    layout === "nhwc"
      ? ([-1, height, width, count] as const)
      : ([-1, count, height, width] as const);
  const reader = async (pictures: Pictures, { signal }: ProcessingLimits = {}) => {
    const files = filesOf(pictures);
    const [first] = files;
    const all = [files.length, ...shape.slice(1)];
    if (first !== undefined && files.length === 1) {
      return { dtype, shape: all, data: await valuesOf(first, signal) };
    }
    const data = new NUMERIC_DTYPES[dtype].array(files.length * length) as TensorData[D];
    const add = async (file: Uint8Array, i: number) =>
      data.set((await valuesOf(file, signal)) as never, i * length);
    await Promise.all(files.map(add));
    return { dtype, shape: all, data };
  };
  return Object.assign(reader, {
    ...{ dtype, shape, size: [height, width] as const },
    sizes: (pictures: Pictures) => Promise.all(filesOf(pictures).map(pictureSize)),
    placement: (size: PictureSize) => placementOf(size, plan),
  });
}

function filesOf(pictures: Pictures): readonly Uint8Array[] {
  if (pictures instanceof Uint8Array) return [pictures];
  return "data" in pictures ? pictures.data : pictures;
}
