/**
 * Trees as the kernels walk them. All typed arrays lie in shared memory, so that threads have them once.
 *
 * The features that splits use are numbered 0 to `used.length - 1`. A row is laid out as planes of these features, one
 * for each way to look at a value (`PLANE`), and a last slot that is -Infinity. A split names a slot, and
 * asks whether it is less than the split's value; then the walk goes to its child, else to the node after it. So
 * a missing value (NaN) goes to the node after the child without a test of its own. A leaf names the last slot and is its
 * own child.
 */
export interface Forest {
  readonly layout: Layout;
  readonly trees: number;
  /** How many outputs a row has: trees add to one of them each, or to all of them (`leafVectors`). */
  readonly groups: number;
  /** Features that splits use, in ascending order. */
  readonly used: Int32Array;
  /** The planes of a row, a bit for each `PLANE`. */
  readonly planes: number;
  /** The planes in which infinity is the largest finite number: bits as in `planes`. */
  readonly clamped: number;
  /** The nodes of all trees, `nodeBytes` bytes each. */
  readonly nodes: Uint8Array;
  /** `packed`: how many low bits of a node's second word are the slot; the others are the child. */
  readonly slotBits: number;
  /** The first node of each tree. */
  readonly roots: Int32Array;
  /** The number of splits on the longest path of each tree. */
  readonly depths: Int32Array;
  /** The output that each tree adds to. */
  readonly group: Int32Array;
  /** Whether each tree has splits that compare no numbers: rows of `specials`. */
  readonly hasSpecials: Uint8Array;
  /** Four numbers each: a slot, flags (`SPECIAL`), the first word of `categoryWords` and their count. */
  readonly specials: Int32Array;
  /** Sets of categories, a bit each. */
  readonly categoryWords: Int32Array;
  /** The number of each node in the library: of a leaf what `pred_leaf` returns. */
  readonly ids: Int32Array;
  /** The weight of the training rows that came to each node; absent if there are no contributions. */
  readonly cover?: Float32Array | undefined;
  /** The factor of the leaf of each tree (DART). */
  readonly weights?: Float32Array | undefined;
  /** Outputs of all leaves; the value of a leaf is its number here. */
  readonly leafVectors?: Float32Array | undefined;
  /** The linear functions of leaves. */
  readonly linearLeaves?: LinearLeaves | undefined;
}

/** Linear functions of the row (LightGBM's linear trees), by node. */
export interface LinearLeaves {
  /** The first term of each node's function; of the node after the last, the end. */
  readonly starts: Int32Array;
  readonly constants: Float64Array;
  /** The feature of each term. */
  readonly features: Int32Array;
  readonly coefficients: Float64Array;
}

/**
 * How nodes lie in memory: `packed` in 8 bytes (float32, and a word with slot and child), `wide` in 16 (float64, slot,
 * child). A child is counted from the root of its tree. `wide32` is `wide` with sums in float32.
 */
export type Layout = "packed" | "wide" | "wide32";

export const nodeBytes = (layout: Layout): number => (layout === "packed" ? 8 : 16);

/** The ways to look at a feature's value; the negated ones are for splits where a missing value goes left. */
export const PLANE = {
  value: 0,
  negated: 1,
  /** Zero is missing. */
  zeroMissing: 2,
  zeroMissingNegated: 3,
  /** A missing value is zero. */
  missingZero: 4,
  missingZeroNegated: 5,
} as const;

export const PLANES = 6;

/** LightGBM's kZeroThreshold (1e-35 in float32): numbers up to it are zero. */
export const ZERO_THRESHOLD = Math.fround(1e-35);

/** Flags of a split that compares no numbers. */
export const SPECIAL = {
  /** A missing value takes the child. */
  missingTakesChild: 1,
  /** A category in the set takes the child, as in LightGBM; without it the others do, as in XGBoost. */
  setTakesChild: 2,
  /** Every value that is not missing takes the child. */
  allTakeChild: 4,
  /** The set is a list of its categories in ascending order, and not a bit for each. */
  isList: 8,
} as const;

/** The number of slots of a row. */
export function rowWidth({ used, planes }: Pick<Forest, "used" | "planes">): number {
  return used.length * countBits(planes) + 1;
}

/** The number of bits that are set. */
export function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; rest &= rest - 1) count++;
  return count;
}

/** The place of a plane among those that a forest has. */
export const planeIndex = (planes: number, plane: number): number =>
  countBits(planes & ((1 << plane) - 1));
