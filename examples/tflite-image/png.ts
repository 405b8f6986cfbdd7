import { inflateSync } from "node:zlib";

/** Pixels of three bytes each (red, green, blue), row after row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

const CHANNELS = 3;

/** Decodes a PNG (https://www.w3.org/TR/png-3/) of 8-bit RGB without interlacing; refuses others. */
export function decodePng(file: Buffer): Picture {
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const [depth, colour, , , interlace] = file.subarray(24, 29);
  if (depth !== 8 || colour !== 2 || interlace !== 0) {
    throw new TypeError("expected a PNG of 8-bit RGB without interlacing");
  }
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const body = file.subarray(at + 8, at + 8 + file.readUInt32BE(at));
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") data.push(body);
  }
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(data)), width, height) };
}

/** Every row begins with the kind of its filter: each byte is a difference to what is around it. */
function unfilter(rows: Buffer, width: number, height: number): Uint8Array {
  const stride = CHANNELS * width;
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < CHANNELS ? 0 : (pixels[at - CHANNELS] ?? 0);
      const up = pixels[at - stride] ?? 0;
      const corner = x < CHANNELS ? 0 : (pixels[at - stride - CHANNELS] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      pixels[at] = (rows[y * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return pixels;
}

/** Whichever of three neighbours is nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
