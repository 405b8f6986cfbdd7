import { checkChoice, checkInteger, checkNames, checkNumber, refuse } from "../check-option.js";
import { errors } from "../errors.js";
import { RESIZE_METHODS, type ResizeMethod } from "../resize/resize.js";
import type { Scale } from "../rows.js";

/** The dtypes of image tensors. */
export type ImageDType = "float32" | "uint8" | "int8";

/** The part of an image that is used: see `ImageOptions.crop`. */
export type Crop =
  /** Resizes the shorter side to this many pixels, then crops the centre, as torchvision does. */
  | { readonly shorter: number }
  /**
   * Crops the centre to this fraction of both sides, above 0 and at most 1, as `tf.image.central_crop` does, then
   * resizes it.
   */
  | { readonly fraction: number };

/** Options for `image`. Use the values of the training script: see `presets`. */
export interface ImageOptions<D extends ImageDType = ImageDType> {
  /** Height and width of the tensor in pixels, 1 to 4096 each, or one number for both. */
  readonly size: number | readonly [height: number, width: number];
  /** The order of the tensor's dimensions. Default `nhwc`, as in TensorFlow; PyTorch uses `nchw`. */
  readonly layout?: "nhwc" | "nchw" | undefined;
  /** The channels. Default `rgb`. `grey` is the luma of ITU-R 601, as in Pillow's mode `L`. Alpha is dropped. */
  readonly channels?: "rgb" | "bgr" | "grey" | undefined;
  /**
   * The dtype. Default `float32`. `uint8` keeps the pixels unchanged, and `int8` subtracts 128, for models with inputs
   * quantized in this way. Both exclude `range`, `mean` and `std`, except with `quantization`.
   */
  readonly dtype?: D | undefined;
  /**
   * The quantization of the model's `uint8` or `int8` input. After `range`, `mean` and `std`, pixels are divided by the
   * first scale, rounded, and shifted by the first zero point. Default none.
   */
  readonly quantization?: Scale | undefined;
  /** The resize method. Default `pillow-bilinear`. */
  readonly resize?: ResizeMethod | undefined;
  /** The crop. Default: the whole image, stretched to `size`. */
  readonly crop?: Crop | undefined;
  /**
   * Keeps the image's aspect ratio: resizes it to fit into `size` and fills the rest with this value, from 0 to 255,
   * one for each channel or one for all. The image is centred, as in `tf.image.resize_with_pad`. Default: it is
   * stretched.
   */
  readonly pad?: number | readonly number[] | undefined;
  /** The values for 0 and 255, with linear interpolation. Default `[0, 255]`: pixels are unchanged. */
  readonly range?: readonly [number, number] | undefined;
  /**
   * The mean that is subtracted after `range`: one value for each channel in the tensor's order, or one for all.
   * Default 0.
   */
  readonly mean?: number | readonly number[] | undefined;
  /** The divisor that is applied after `mean`, in the same form. Default 1. */
  readonly std?: number | readonly number[] | undefined;
  /**
   * Maximum number of pixels of an image, according to its header. Larger images are rejected before decoding. Default
   * 16,000,000.
   */
  readonly maxPixels?: number | undefined;
}

/** Options for `image` with their defaults. */
export interface ImagePlan {
  readonly height: number;
  readonly width: number;
  readonly layout: "nhwc" | "nchw";
  readonly channels: "rgb" | "bgr" | "grey";
  readonly dtype: ImageDType;
  readonly quantization: Scale | undefined;
  readonly resize: ResizeMethod;
  readonly crop: Crop | undefined;
  /** One value for each channel. */
  readonly pad: readonly number[] | undefined;
  readonly range: readonly [number, number];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly maxPixels: number;
}

const NAMES = [
  ...["size", "layout", "channels", "dtype", "quantization", "resize", "crop", "pad"],
  ...["range", "mean", "std", "maxPixels"],
];
const MAX_SIDE = 4096;
const MAX_PIXELS = 16_000_000;

/**
 * Checks options and fills in defaults.
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID with the option, the expected and the received value.
 */
export function imagePlan(options: ImageOptions): ImagePlan {
  checkNames("image", options, NAMES);
  const { size, crop, pad, range, mean, std, maxPixels = MAX_PIXELS } = options;
  const [height, width] = Array.isArray(size) ? size : [size, size];
  const channels = checkChoice("image.channels", options.channels ?? "rgb", ["rgb", "bgr", "grey"]);
  const dtype = checkChoice("image.dtype", options.dtype ?? "float32", [
    "float32",
    "uint8",
    "int8",
  ]);
  const count = channels === "grey" ? 1 : 3;
  checkScaling(dtype, options);
  if (crop !== undefined && pad !== undefined) {
    throw errors.processingInvalid("image takes crop or pad, not both");
  }
  const plan: ImagePlan = {
    height: checkInteger("image.size", height, [1, MAX_SIDE]),
    width: checkInteger("image.size", width, [1, MAX_SIDE]),
    layout: checkChoice("image.layout", options.layout ?? "nhwc", ["nhwc", "nchw"]),
    ...{ channels, dtype, quantization: options.quantization },
    resize: checkChoice("image.resize", options.resize ?? "pillow-bilinear", RESIZE_METHODS),
    crop: undefined,
    pad: pad === undefined ? undefined : perChannel("image.pad", pad, count),
    range: checkRange(range ?? [0, 255]),
    mean: perChannel("image.mean", mean ?? 0, count),
    std: perChannel("image.std", std ?? 1, count),
    maxPixels: checkInteger("image.maxPixels", maxPixels, [1, 2 ** 31 - 1]),
  };
  if (plan.pad?.some((value) => value < 0 || value > 255)) {
    refuse("image.pad", "from 0 to 255", pad);
  }
  if (plan.std.some((value) => value === 0)) refuse("image.std", "a number that is not 0", std);
  return crop === undefined ? plan : { ...plan, crop: checkCrop(crop, plan) };
}

function checkScaling(dtype: ImageDType, options: ImageOptions): void {
  const { quantization, range, mean, std } = options;
  const isScaled = [range, mean, std].some((option) => option !== undefined);
  if (dtype === "float32") {
    if (quantization) refuse("image.dtype", "uint8 or int8, with quantization", dtype);
  } else if (quantization) {
    checkNumber("image.quantization.scale", quantization.scale[0]);
    checkNumber("image.quantization.zeroPoint", quantization.zeroPoint[0]);
  } else if (isScaled) {
    throw errors.processingInvalid(
      `image.dtype ${dtype} has the pixels as they are; leave out range, mean and std, or give quantization`,
    );
  }
}

function perChannel(where: string, value: unknown, count: number): readonly number[] {
  const list: unknown[] = Array.isArray(value) ? value : new Array(count).fill(value);
  if (list.length !== count) refuse(where, `a number, or one for each of ${count} channels`, value);
  return list.map((one) => checkNumber(where, one));
}

function checkRange(range: readonly unknown[]): readonly [number, number] {
  const [low, high] = Array.isArray(range) ? range : [];
  const isRange = range.length === 2 && checkNumber("image.range", low) < Number(high);
  if (!isRange) refuse("image.range", "two numbers, the lower first", range);
  return [low, checkNumber("image.range", high)];
}

function checkCrop(crop: Crop, { height, width }: ImagePlan): Crop {
  if (typeof crop !== "object" || crop === null || Object.keys(crop).length !== 1) {
    refuse("image.crop", "{ shorter } or { fraction }", crop);
  }
  checkNames("image.crop", crop, ["shorter", "fraction"]);
  if ("shorter" in crop) {
    checkInteger("image.crop.shorter", crop.shorter, [Math.max(height, width), MAX_SIDE]);
  } else {
    const fraction = checkNumber("image.crop.fraction", crop.fraction);
    if (fraction <= 0 || fraction > 1) refuse("image.crop.fraction", "above 0 and at most 1", crop);
  }
  return crop;
}
