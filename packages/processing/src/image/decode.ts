import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { Pixels } from "../resize/resize.js";
import { type DecodedHeader, loadSharp, type Sharp } from "./decoder.js";
import { kindOfFile, pictureFormat } from "./picture-format.js";
import type { PictureSize } from "./placement.js";

/**
 * Decodes an image off the event loop: upright, 8 bits, RGB or grey, without alpha and colour profile, only the first
 * frame of an animation. Pixels of 8-bit RGB and grey images differ from Pillow's by at most one step.
 *
 * @throws ServingError INVALID_ARGUMENT / PICTURE_UNREADABLE, or PICTURE_TOO_LARGE based on its header, before
 * decoding.
 */
export async function decode(bytes: Uint8Array, maxPixels: number): Promise<Pixels> {
  checkFormat(bytes);
  const sharp = await loadSharp();
  try {
    const picture = sharp(bytes, { ...OPTIONS, limitInputPixels: maxPixels });
    const { data, info } = await picture
      .rotate()
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      // Not `toUint8Array`: sharp 0.35 never frees the pixels that it copies.
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { width, height, channels: channels === 1 ? 1 : 3, data };
  } catch (error) {
    await checkSize(sharp, bytes, maxPixels, error);
    throw unreadable(error);
  }
}

/** Returns the size of an image according to its header. @throws as `decode`. */
export async function pictureSize(bytes: Uint8Array): Promise<PictureSize> {
  checkFormat(bytes);
  const sharp = await loadSharp();
  try {
    return uprightSize(await headerOf(sharp, bytes));
  } catch (error) {
    throw unreadable(error);
  }
}

const OPTIONS = { failOn: "error", pages: 1, ignoreIcc: true } as const;

function checkFormat(bytes: Uint8Array): void {
  if (pictureFormat(bytes) !== undefined) return;
  throw errors.pictureUnreadable(
    `expected JPEG, PNG, WebP, GIF, AVIF or TIFF; got ${kindOfFile(bytes)}`,
  );
}

function headerOf(sharp: Sharp, bytes: Uint8Array): Promise<DecodedHeader> {
  return sharp(bytes, { ...OPTIONS, limitInputPixels: false }).metadata();
}

function uprightSize({ width = 0, height = 0, pageHeight, orientation = 1 }: DecodedHeader) {
  const upright = { width, height: pageHeight ?? height };
  return orientation < 5 ? upright : { width: upright.height, height: upright.width };
}

/** Throws PICTURE_TOO_LARGE if decoding failed for that reason. */
async function checkSize(sharp: Sharp, bytes: Uint8Array, maxPixels: number, cause: unknown) {
  if (!/pixel limit/.test(messageOf(cause))) return;
  const { width, height } = uprightSize(await headerOf(sharp, bytes));
  throw errors.pictureTooLarge(width, height, maxPixels);
}

const unreadable = (error: unknown) =>
  errors.pictureUnreadable(messageOf(error).split("\n")[0] ?? "", error);
