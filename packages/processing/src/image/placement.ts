import type { Axis } from "../resize/axis.js";
import type { ImagePlan } from "./image-options.js";

/** Width and height of an image in pixels, upright. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The position of an image in the tensor, along both axes. */
export interface Placement {
  readonly across: Axis;
  readonly down: Axis;
  /** Number of tensor columns left of the image, and of rows above it. */
  readonly left: number;
  readonly top: number;
}

/** Determines which part of an image is resized to how many pixels, and their position in the tensor. */
export function placementOf(size: PictureSize, plan: ImagePlan): Placement {
  const { crop, pad } = plan;
  if (pad !== undefined) return padded(size, plan);
  if (crop === undefined) return stretched(size.width, size.height, 0, 0, plan);
  if ("shorter" in crop) return middleOfResized(size, crop.shorter, plan);
  return middle(size, crop.fraction, plan);
}

function stretched(
  width: number,
  height: number,
  left: number,
  top: number,
  plan: ImagePlan,
): Placement {
  return {
    across: whole(left, width, plan.width),
    down: whole(top, height, plan.height),
    ...{ left: 0, top: 0 },
  };
}

const whole = (start: number, size: number, outSize: number): Axis => ({
  ...{ start, size, outSize },
  outStart: 0,
  outCount: outSize,
});

/** Like `tf.image.central_crop`: the same number of pixels is cropped at both ends. */
function middle({ width, height }: PictureSize, fraction: number, plan: ImagePlan): Placement {
  const left = Math.trunc((width - width * fraction) / 2);
  const top = Math.trunc((height - height * fraction) / 2);
  return stretched(width - 2 * left, height - 2 * top, left, top, plan);
}

/** Like torchvision's `Resize(shorter)` and `CenterCrop`. */
function middleOfResized(
  { width, height }: PictureSize,
  shorter: number,
  plan: ImagePlan,
): Placement {
  const isWide = width > height;
  const outWidth = isWide ? Math.trunc((shorter * width) / height) : shorter;
  const outHeight = isWide ? shorter : Math.trunc((shorter * height) / width);
  const part = (size: number, outSize: number, outCount: number): Axis => ({
    ...{ start: 0, size, outSize, outCount },
    outStart: halfToEven((outSize - outCount) / 2),
  });
  return {
    across: part(width, outWidth, plan.width),
    down: part(height, outHeight, plan.height),
    ...{ left: 0, top: 0 },
  };
}

/** Rounds as Python does. */
function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const isTie = value - floor === 0.5;
  return isTie ? floor + (floor % 2) : Math.round(value);
}

/** Like `tf.image.resize_with_pad`, in float32. */
function padded({ width, height }: PictureSize, plan: ImagePlan): Placement {
  const { fround } = Math;
  const ratio = Math.max(fround(width / plan.width), fround(height / plan.height));
  const fit = (size: number, room: number) => {
    const real = fround(size / ratio);
    const outSize = Math.max(1, Math.min(room, Math.floor(real)));
    return { outSize, before: Math.max(0, Math.floor(fround(fround(room - real) / 2))) };
  };
  const across = fit(width, plan.width);
  const down = fit(height, plan.height);
  return {
    across: whole(0, width, across.outSize),
    down: whole(0, height, down.outSize),
    left: across.before,
    top: down.before,
  };
}
