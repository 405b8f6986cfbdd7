import sharp from "sharp";

/** A JPEG of 1,000 x 750 with smooth areas, edges and noise, as a photograph has. */
export async function photograph(): Promise<Buffer> {
  const [width, height] = [1000, 750];
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = 60 * Math.sin(x / 37 + (i % 3)) + 50 * Math.cos(y / 23) + (x % 200 > 100 ? 30 : 0);
    pixels[i] = 128 + wave + ((Math.imul(i, 0x9e3779b1) >>> 24) & 15);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
