/**
 * Trees in the form that the kernels walk. All typed arrays are in shared memory, so that threads share one copy.
 *
 * The features that splits use are numbered 0 to `used.length - 1`. A row consists of planes of these features, one
 * plane for each transform of a value (`PLANE`), and a last slot that is -Infinity. A split names a slot, and compares
 * it: if it is less than the split's value, the walk goes to the child, otherwise to the node after the child. So a
 * missing value (NaN) goes to the node after the child without a separate test. A leaf names the last slot and is its
 * own child.
 */
export interface Forest {
  readonly layout: Layout;
  readonly trees: number;
  /** Number of outputs of a row: each tree adds to one of them, or to all of them (`leafVectors`). */
  readonly groups: number;
  /** Features that splits use, in ascending order. */
  readonly used: Int32Array;
  /** The planes of a row, one bit for each `PLANE`. */
  readonly planes: number;
  /** The planes in which infinity is the largest finite number: bits as in `planes`. */
  readonly clamped: number;
  /** The nodes of all trees, `nodeBytes` bytes each. */
  readonly nodes: Uint8Array;
  /** `packed`: number of low bits of a node's second word that hold the slot; the other bits hold the child. */
  readonly slotBits: number;
  /** The first node of each tree. */
  readonly roots: Int32Array;
  /** The number of splits on the longest path of each tree. */
  readonly depths: Int32Array;
  /** The output that each tree adds to. */
  readonly group: Int32Array;
  /** 1 for each tree with splits that do not compare numbers: rows of `specials`. */
  readonly hasSpecials: Uint8Array;
  /** Four numbers each: a slot, flags (`SPECIAL`), the first word of `categoryWords` and their count. */
  readonly specials: Int32Array;
  /** Sets of categories, one bit for each. */
  readonly categoryWords: Int32Array;
  /** The library's id of each node: for a leaf, the value that `pred_leaf` returns. */
  readonly ids: Int32Array;
  /** The weight of the training rows that reached each node; absent if there are no contributions. */
  readonly cover?: Float32Array | undefined;
  /** The factor of the leaf of each tree (DART). */
  readonly weights?: Float32Array | undefined;
  /** Outputs of all leaves, if leaves are vectors: the value of a leaf is then an index of this array. */
  readonly leafVectors?: Float32Array | undefined;
  /** The linear functions of leaves. */
  readonly linearLeaves?: LinearLeaves | undefined;
}

/** Linear functions of the row (LightGBM's linear trees), by node. */
export interface LinearLeaves {
  /** The index of the first term of each node's function; one more entry marks the end. */
  readonly starts: Int32Array;
  readonly constants: Float64Array;
  /** The feature of each term. */
  readonly features: Int32Array;
  readonly coefficients: Float64Array;
}

/**
 * Memory layout of nodes: `packed` in 8 bytes (float32, and a word with slot and child), `wide` in 16 (float64, slot,
 * child). A child is an offset from the root of its tree. `wide32` is `wide` with sums in float32.
 */
export type Layout = "packed" | "wide" | "wide32";

export const nodeBytes = (layout: Layout): number => (layout === "packed" ? 8 : 16);

/** Transforms of a feature's value; the negated ones are for splits at which a missing value goes left. */
export const PLANE = {
  value: 0,
  negated: 1,
  /** Zero counts as missing. */
  zeroMissing: 2,
  zeroMissingNegated: 3,
  /** A missing value counts as zero. */
  missingZero: 4,
  missingZeroNegated: 5,
} as const;

export const PLANES = 6;

/** LightGBM's kZeroThreshold (1e-35 in float32): numbers up to it count as zero. */
export const ZERO_THRESHOLD = Math.fround(1e-35);

/** Flags of a split that does not compare numbers. */
export const SPECIAL = {
  /** A missing value goes to the child. */
  missingTakesChild: 1,
  /**
   * A category in the set goes to the child, as in LightGBM; without this flag the other categories do, as in XGBoost.
   */
  setTakesChild: 2,
  /** Every value that is not missing goes to the child. */
  allTakeChild: 4,
  /** The set is a list of its categories in ascending order instead of one bit for each. */
  isList: 8,
} as const;

/** Returns the number of slots of a row. */
export function rowWidth({ used, planes }: Pick<Forest, "used" | "planes">): number {
  return used.length * countBits(planes) + 1;
}

/** Returns the number of bits that are set. */
export function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; rest &= rest - 1) count++;
  return count;
}

/** Returns the index of a plane among the planes of a forest. */
export const planeIndex = (planes: number, plane: number): number =>
  countBits(planes & ((1 << plane) - 1));
