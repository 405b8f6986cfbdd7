import type { Pixels } from "../resize/resize.js";
import type { Sliced } from "../slices.js";

const PIXELS_PER_SLICE = 250_000;

/** Converts pixels to luma, as in Pillow's mode `L`: ITU-R 601 with 16-bit weights. */
export function* greyed(pixels: Pixels): Sliced<Pixels> {
  const { width, height, channels, data } = pixels;
  if (channels === 1) return pixels;
  const grey = new Uint8Array(width * height);
  for (let from = 0; from < grey.length; from += PIXELS_PER_SLICE) {
    const end = Math.min(grey.length, from + PIXELS_PER_SLICE);
    for (let i = from, at = 3 * from; i < end; i++, at += 3) {
      const red = data[at] as number;
      const green = data[at + 1] as number;
      const blue = data[at + 2] as number;
      grey[i] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
    }
    yield;
  }
  return { width, height, channels: 1, data: grey };
}
