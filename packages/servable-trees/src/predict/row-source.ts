import {
  type Forest,
  PLANE,
  PLANES,
  planeIndex,
  rowWidth,
  ZERO_THRESHOLD,
} from "../forest/forest.js";
import type { Floats } from "../kernel/runner.js";

/** The rows of a call: a value for each feature of each row, NaN if it is missing. */
export interface RowSource {
  readonly rows: number;
  value(row: number, feature: number): number;
}

/** Rows of a matrix with `features` columns. `missing` is a value that counts as missing. */
export class MatrixRows implements RowSource {
  readonly rows: number;
  readonly data: Floats;
  readonly features: number;
  readonly #missing: number;

  constructor(data: Floats, rows: number, features: number, missing: number) {
    this.rows = rows;
    this.data = data;
    this.features = features;
    this.#missing = missing;
  }

  value(row: number, feature: number): number {
    const value = this.data[row * this.features + feature] as number;
    return value === this.#missing ? Number.NaN : value;
  }
}

/** Columns by feature. A feature without a column is missing in all rows. */
export class ColumnRows implements RowSource {
  readonly rows: number;
  readonly #columns: readonly (Floats | undefined)[];

  constructor(columns: readonly (Floats | undefined)[], rows: number) {
    this.rows = rows;
    this.#columns = columns;
  }

  value(row: number, feature: number): number {
    return this.#columns[feature]?.[row] ?? Number.NaN;
  }
}

/** Writes rows of a source in a forest's layout: see `Forest`. */
export type LayOut = (source: RowSource, first: number, count: number, out: Floats) => void;

const LARGEST32 = (2 - 2 ** -23) * 2 ** 127;

export function layOutOf(forest: Forest): LayOut {
  const { used, planes, clamped, layout } = forest;
  const width = rowWidth(forest);
  const count = used.length;
  const isSimple = planes === 0b11 && clamped === 0;
  const largest = layout === "packed" ? LARGEST32 : Number.MAX_VALUE;
  const own = planesOf(forest);
  return (source, first, rows, out) => {
    for (let row = 0; row < rows; row++) {
      const at = row * width;
      if (isSimple) {
        for (let i = 0; i < count; i++) {
          const value = source.value(first + row, used[i] as number);
          out[at + i] = value;
          out[at + count + i] = -value;
        }
      } else {
        for (let i = 0; i < count; i++) {
          const value = source.value(first + row, used[i] as number);
          for (const { plane, index } of own) {
            const seen = seenAs(plane, value);
            const isTop = seen === Number.POSITIVE_INFINITY && (clamped & (1 << plane)) !== 0;
            out[at + index * count + i] = isTop ? largest : seen;
          }
        }
      }
      out[at + width - 1] = Number.NEGATIVE_INFINITY;
    }
  };
}

function planesOf({ planes }: Forest): readonly { plane: number; index: number }[] {
  return Array.from({ length: PLANES }, (_, plane) => plane)
    .filter((plane) => (planes & (1 << plane)) !== 0)
    .map((plane) => ({ plane, index: planeIndex(planes, plane) }));
}

/** Transforms a value for a plane. */
function seenAs(plane: number, value: number): number {
  switch (plane) {
    case PLANE.value:
      return value;
    case PLANE.negated:
      return -value;
    case PLANE.zeroMissing:
      return isZero(value) ? Number.NaN : value;
    case PLANE.zeroMissingNegated:
      return isZero(value) ? Number.NaN : -value;
    case PLANE.missingZero:
      return Number.isNaN(value) ? 0 : value;
    default:
      return Number.isNaN(value) ? 0 : -value;
  }
}

const isZero = (value: number) => value >= -ZERO_THRESHOLD && value <= ZERO_THRESHOLD;
