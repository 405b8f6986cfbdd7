import type { Taps } from "./axis.js";
import { PRECISION_BITS } from "./pillow-taps.js";
import { type Span, spanOf, type Tile, type TwoPasses } from "./tile.js";

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Computes a tile without WebAssembly, for machines without SIMD and for tiles that do not fit into the kernel's
 * memory.
 */
export function tileInJavaScript(passes: TwoPasses, tile: Tile): boolean {
  const { rows, into, columns, channels } = passes;
  const span = spanOf(rows, tile.y, tile.height);
  const between = narrowed(passes, tile, span);
  const stride = tile.width * channels;
  const outStride = columns.starts.length * channels;
  for (let y = tile.y; y < tile.y + tile.height; y++) {
    const at = y * outStride + tile.x * channels;
    const first = ((rows.starts[y] as number) - span.first) * stride;
    for (let c = 0; c < stride; c++) into[at + c] = weighted(between, first + c, stride, rows, y);
  }
  return true;
}

/** Returns the rows of `span` after the first pass, as wide as the tile. */
function narrowed(
  { source, stride, channels, columns }: TwoPasses,
  tile: Tile,
  { first, end }: Span,
): Uint8Array {
  const between = new Uint8Array((end - first) * tile.width * channels);
  let at = 0;
  for (let y = first; y < end; y++) {
    for (let x = tile.x; x < tile.x + tile.width; x++) {
      const from = y * stride + (columns.starts[x] as number) * channels;
      for (let c = 0; c < channels; c++) {
        between[at++] = weighted(source, from + c, channels, columns, x);
      }
    }
  }
  return between;
}

function weighted(
  bytes: Uint8Array,
  from: number,
  step: number,
  { weights, counts, width }: Taps<Int32Array>,
  output: number,
): number {
  const count = counts[output] as number;
  let sum = HALF;
  let at = from;
  for (let k = output * width; k < output * width + count; k++, at += step) {
    sum += (bytes[at] as number) * (weights[k] as number);
  }
  const value = sum >> PRECISION_BITS;
  return Math.max(0, Math.min(255, value));
}
