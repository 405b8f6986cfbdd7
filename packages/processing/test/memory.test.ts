import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";

const pictures = join(import.meta.dirname, "pictures");
const folder = mkdtempSync(join(tmpdir(), "serving-kit-memory-"));
const named = (name: string) => join(folder, name);
const [width, height] = [2000, 1999];

// The kinds whose decoders need the most memory, just below maxPixels.
beforeAll(async () => {
  const background = { r: 9, g: 90, b: 200, alpha: 0.5 };
  const clear = sharp({ create: { width, height, channels: 4, background } });
  const full = sharp({ create: { width, height, channels: 3, background } });
  await clear.clone().png({ progressive: true }).toFile(named("interlaced.png"));
  await clear.clone().webp({ effort: 0 }).toFile(named("clear.webp"));
  const chromaSubsampling = "4:4:4";
  await full
    .clone()
    .jpeg({ progressive: true, chromaSubsampling })
    .toFile(named("progressive.jpg"));
  await full.clone().withMetadata({ orientation: 6 }).jpeg().toFile(named("turned.jpg"));
  await full.clone().toColourspace("rgb16").png().toFile(named("deep.png"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The peak that docs/processing.md names, the buffers that are not collected yet, and the growth without images. */
const BYTES_PER_PIXEL = 50;
const SLACK = 100e6 + 50e6;

it("memory never exceeds the bound", { timeout: 120_000 }, async () => {
  const large = ["interlaced.png", "clear.webp", "progressive.jpg", "turned.jpg", "deep.png"];
  const files = [join(pictures, "large.png"), ...large.map(named)];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions=@serving-kit/source", "--import", "tsx"],
    ...[join(import.meta.dirname, "memory-child.ts"), join(pictures, "grey.png"), ...files],
  ]);
  const { grown, reasons } = JSON.parse(stdout);
  expect(reasons).toEqual(["PICTURE_TOO_LARGE", "", "", "", "", ""]);
  const atATime = Math.max(1, Math.min(4, availableParallelism() - 1));
  expect(grown).toBeLessThan(atATime * width * height * BYTES_PER_PIXEL + SLACK);
});
