import type { Sliced } from "../slices.js";
import type { Axis, Taps } from "./axis.js";
import { type PillowFilter, pillowTaps } from "./pillow-taps.js";
import { type RunTile, spanOf, type Tile, type TwoPasses } from "./tile.js";
import { tileInJavaScript } from "./tile-in-javascript.js";
import { openKernel } from "./tile-in-wasm.js";

/** Number of bytes that are weighted in a slice: half a millisecond of the kernel, or of JavaScript. */
const BYTES_PER_SLICE = { wasm: 1_500_000, javascript: 400_000 };

/** The kernel of this thread. */
let kernel: RunTile | undefined | "not opened" = "not opened";

/**
 * Resizes as Pillow does, bit by bit: with 22-bit weights, rows first, rounded to bytes in between.
 *
 * @param wanted `javascript` disables WebAssembly. The outputs are the same.
 */
export function* pillowResized(
  { source, stride, channels }: Pick<TwoPasses, "source" | "stride" | "channels">,
  across: Axis,
  down: Axis,
  filter: PillowFilter,
  wanted: "wasm" | "javascript" = "wasm",
): Sliced<Uint8Array> {
  if (kernel === "not opened") kernel = openKernel();
  const run = wanted === "wasm" ? kernel : undefined;
  const columns = pillowTaps(across, filter);
  const rows = pillowTaps(down, filter);
  const into = new Uint8Array(across.outCount * down.outCount * channels);
  const passes: TwoPasses = { source, stride, channels, columns, rows, into };
  for (const tile of tilesOf(passes, BYTES_PER_SLICE[run ? "wasm" : "javascript"])) {
    if (!run?.(passes, tile)) tileInJavaScript(passes, tile);
    yield;
  }
  return into;
}

/** Divides the outputs into tiles of at most `budget` weighted bytes, but at least one output. */
export function* tilesOf(
  { columns, rows, channels }: TwoPasses,
  budget: number,
): Generator<Tile, void> {
  const allWidth = columns.starts.length;
  const allHeight = rows.starts.length;
  const widest = Math.max(...columns.counts) * channels;
  const perColumn = widest * Math.max(...rows.counts);
  const width = Math.max(1, Math.min(allWidth, Math.floor(budget / perColumn)));
  for (let y = 0; y < allHeight; ) {
    const height = tallestWithin(rows, y, Math.floor(budget / (width * widest)));
    for (let x = 0; x < allWidth; x += width) {
      yield { x, y, width: Math.min(width, allWidth - x), height };
    }
    y += height;
  }
}

/** Returns the number of outputs from `y` that need at most `inputs` rows, but at least one. */
function tallestWithin(rows: Taps, y: number, inputs: number): number {
  let height = 1;
  while (y + height < rows.starts.length) {
    const { first, end } = spanOf(rows, y, height + 1);
    if (end - first > inputs) break;
    height++;
  }
  return height;
}
