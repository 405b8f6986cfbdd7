import type { Taps } from "./axis.js";

/** A resize in two passes: along the rows, then along the columns. */
export interface TwoPasses {
  /** The pixels of the image, row by row. */
  readonly source: Uint8Array;
  /** Number of bytes of a row of `source`. */
  readonly stride: number;
  readonly channels: 1 | 3;
  readonly columns: Taps<Int32Array>;
  readonly rows: Taps<Int32Array>;
  /** The outputs, row by row. */
  readonly into: Uint8Array;
}

/** A rectangle of the outputs of a resize. */
export interface Tile {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A range of inputs, excluding its end. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

/** Returns the range of inputs that outputs of an axis need. */
export function spanOf({ starts, counts }: Taps, from: number, count: number): Span {
  const last = from + count - 1;
  const first = starts[from] as number;
  let end = 0;
  // The range of an output at a border may end before the range of the previous output.
  for (let i = Math.max(from, last - 1); i <= last; i++) {
    end = Math.max(end, (starts[i] as number) + (counts[i] as number));
  }
  return { first, end };
}

/** Computes a tile. Returns false without computing anything if the tile does not fit into its memory. */
export type RunTile = (passes: TwoPasses, tile: Tile) => boolean;
