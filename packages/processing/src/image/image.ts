import { Semaphore } from "@serving-kit/core";
import { NUMERIC_DTYPES, type Tensor, type TensorData } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { ProcessingLimits } from "../processing-limits.js";
import { type Pixels, resized } from "../resize/resize.js";
import { type Sliced, slices } from "../slices.js";
import { decode, pictureSize } from "./decode.js";
import { greyed } from "./greyed.js";
import { type ImageDType, type ImageOptions, type ImagePlan, imagePlan } from "./image-options.js";
import { type PictureSize, type Placement, placementOf } from "./placement.js";
import { pixelWriter, type WritePixels } from "./write-pixels.js";

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
 * Limits the number of images in the process that are between decoding and the tensor, at 3 bytes per pixel each,
 * because the decoder has four threads.
 */
const decoding = new Semaphore(4);

/**
 * Returns a function that reads images as a training script does: decodes JPEG, PNG, WebP, GIF, AVIF and TIFF upright,
 * resizes as the named library does, scales the values and lays them out.
 *
 * ```ts
 * const pixels = image({ size: 224, range: [-1, 1], resize: "tf-bilinear" });
 * const input = await pixels(readFileSync("cat.jpg"));
 * ```
 *
 * Decoding runs on libuv's threads. The rest runs on this thread in slices of less than a millisecond, one in each turn
 * of the event loop. At most four decoded images of the process are in memory at a time, with at most `maxPixels` each.
 * Requires the package `sharp`, which is imported for the first image.
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
  const write = pixelWriter(plan);
  const length = height * width * count;
  const shape =
    layout === "nhwc"
      ? ([-1, height, width, count] as const)
      : ([-1, count, height, width] as const);
  const read = async (pictures: Pictures, { signal }: ProcessingLimits = {}) => {
    const files = filesOf(pictures);
    const data = new NUMERIC_DTYPES[dtype].array(files.length * length) as TensorData[D];
    const into = { plan, write, data, signal };
    await Promise.all(files.map((file, i) => readInto(into, file, i * length)));
    return { dtype, shape: [files.length, ...shape.slice(1)], data };
  };
  return Object.assign(read, {
    ...{ dtype, shape, size: [height, width] as const },
    sizes: (pictures: Pictures) => Promise.all(filesOf(pictures).map(pictureSize)),
    placement: (size: PictureSize) => placementOf(size, plan),
  });
}

function filesOf(pictures: Pictures): readonly Uint8Array[] {
  if (pictures instanceof Uint8Array) return [pictures];
  return "data" in pictures ? pictures.data : pictures;
}

interface Into {
  readonly plan: ImagePlan;
  readonly write: WritePixels;
  readonly data: TensorData[ImageDType];
  readonly signal: AbortSignal | undefined;
}

async function readInto({ plan, write, data, signal }: Into, file: Uint8Array, at: number) {
  // Without the signal, because thousands of images of a call would each add a listener.
  await decoding.acquire();
  try {
    signal?.throwIfAborted();
    const picture = await decode(file, plan.maxPixels);
    await slices.run(processed(picture, { plan, write, data, signal }, at), signal);
  } finally {
    decoding.release();
  }
}

function* processed(picture: Pixels, { plan, write, data }: Into, at: number): Sliced<void> {
  const placement = placementOf(picture, plan);
  checkWork(placement, plan.maxPixels);
  const pixels = plan.channels === "grey" ? yield* greyed(picture) : picture;
  const { across, down } = placement;
  const outputs = yield* resized(pixels, across, down, plan.resize);
  yield* write({ pixels: outputs, channels: pixels.channels, placement }, data, at);
}

/** Rejects an image so narrow that resizing its rows would multiply its pixels. */
function checkWork({ across, down }: Placement, maxPixels: number): void {
  if (across.outCount * down.size <= 4 * maxPixels) return;
  const what = "the picture, resized along its rows,";
  throw errors.pictureTooLarge(across.outCount, down.size, 4 * maxPixels, what);
}
