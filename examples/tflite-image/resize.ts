import type { Picture } from "./png.js";

/** Shrinks a picture: each new pixel is the mean of those that it covers. */
export function resize({ width, height, pixels }: Picture, size: number): Uint8Array {
  const resized = new Uint8Array(size * size * 3);
  for (let i = 0; i < resized.length; i++) {
    const [x, y, channel] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size), i % 3];
    const [left, right] = [(x * width) / size, ((x + 1) * width) / size].map(Math.floor);
    const [top, bottom] = [(y * height) / size, ((y + 1) * height) / size].map(Math.floor);
    let sum = 0;
    let count = 0;
    for (let row = top ?? 0; row < (bottom ?? 0); row++) {
      for (let column = left ?? 0; column < (right ?? 0); column++, count++) {
        sum += pixels[3 * (row * width + column) + channel] ?? 0;
      }
    }
    resized[i] = Math.round(sum / count);
  }
  return resized;
}
