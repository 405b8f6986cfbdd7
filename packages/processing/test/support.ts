import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads a file that scripts/make-expected.py wrote. */
export const expected = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, "expected", name), "utf8"));

export const pictureFile = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, "pictures", name));

/** The same pixels as `noise` of scripts/make-expected.py. */
export function noise(width: number, height: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return pixels;
}

export const sha256 = (array: Uint8Array | Float32Array | Int8Array): string =>
  createHash("sha256")
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest("hex");

/** Runs a work to its end, and counts its slices. */
export function runToEnd<T>(work: Generator<void, T>): {
  readonly value: T;
  readonly slices: number;
} {
  for (let slices = 1; ; slices++) {
    const step = work.next();
    if (step.done) return { value: step.value, slices };
  }
}
