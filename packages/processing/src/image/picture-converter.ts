import { NUMERIC_DTYPES, type TensorData } from "@serving-kit/inference";
import { errors } from "../errors.js";
import { type Pixels, resized } from "../resize/resize.js";
import type { Sliced } from "../slices.js";
import { greyed } from "./greyed.js";
import type { ImageDType, ImagePlan } from "./image-options.js";
import { type Placement, placementOf } from "./placement.js";
import { pixelWriter } from "./write-pixels.js";

/** The part of one image in a tensor. */
export type PictureValues = TensorData[ImageDType];

/** Number of elements of one image in a tensor. */
export const lengthOf = ({ height, width, channels }: ImagePlan): number =>
  height * width * (channels === "grey" ? 1 : 3);

/** Converts a decoded image to its part of a tensor. */
export type PictureConverter = (picture: Pixels) => Sliced<PictureValues>;

/** Returns the function that converts decoded images according to a plan. */
export function pictureConverter(plan: ImagePlan): PictureConverter {
  const write = pixelWriter(plan);
  return function* (picture) {
    const placement = placementOf(picture, plan);
    checkWork(placement, plan.maxPixels);
    const pixels = plan.channels === "grey" ? yield* greyed(picture) : picture;
    const outputs = yield* resized(pixels, placement.across, placement.down, plan.resize);
    const values = new NUMERIC_DTYPES[plan.dtype].array(lengthOf(plan)) as PictureValues;
    yield* write({ pixels: outputs, channels: pixels.channels, placement }, values);
    return values;
  };
}

/** Rejects an image so narrow that resizing its rows would multiply its pixels. */
function checkWork({ across, down }: Placement, maxPixels: number): void {
  if (across.outCount * down.size <= 4 * maxPixels) return;
  const what = "the picture, resized along its rows,";
  throw errors.pictureTooLarge(across.outCount, down.size, 4 * maxPixels, what);
}
