import { UnsupportedError } from "../document/fields.js";
import { DocumentError } from "../document/value.js";
import { PLANE, SPECIAL } from "../forest/forest.js";
import type { CategorySplit, NumberSplit, TreeNode, TreeSource } from "../forest/forest-builder.js";
import { nextFloat64 } from "../forest/neighbours.js";
import type { KeyValues } from "./key-values.js";

const TREE_KEYS = [
  ...["num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type"],
  ...["left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value"],
  ...["internal_weight", "internal_count", "cat_boundaries", "cat_threshold", "is_linear"],
  ...["leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage"],
];

/** The linear functions of a tree's leaves. */
export interface LinearFunctions {
  readonly constants: Float64Array;
  /** The index of the first term of each leaf; one more entry marks the end. */
  readonly starts: Int32Array;
  readonly features: Float64Array;
  readonly coefficients: Float64Array;
}

/** A tree of a file; `linear` is set if its leaves are functions. */
export interface LightgbmTree {
  readonly source: TreeSource;
  readonly linear?: LinearFunctions | undefined;
  /** Features that splits use as categories. */
  readonly categoryFeatures: readonly number[];
}

/** `decision_type`: bit 0 means categories, bit 1 means that missing values go left; then the kind of missing value. */
const IS_CATEGORY = 1;
const MISSING_IS_LEFT = 2;
const MISSING_SHIFT = 2;
const MISSING = { none: 0, zero: 1, nan: 2 } as const;
const MAX_DECISION = 11;

const MAX_LEAVES = 2 ** 29;

/** Reads a tree. Splits are numbered from 0, followed by the leaves. */
export function readTree(values: KeyValues, place: string, group: number): LightgbmTree {
  values.expectKeys(TREE_KEYS);
  const leaves = values.integer("num_leaves", 1, MAX_LEAVES);
  const splits = leaves - 1;
  const many = (key: string) => (splits > 0 ? values.numbers(key, splits) : new Float64Array(0));
  const features = many("split_feature");
  const thresholds = many("threshold");
  const decisions = many("decision_type");
  const left = many("left_child");
  const right = many("right_child");
  const outputs = values.numbers("leaf_value", leaves);
  const categoriesOf = readCategories(values, place);
  const nodeOf = (child: number) => (child >= 0 ? child : splits - 1 - child);
  const split = (number: number): NumberSplit | CategorySplit => {
    const decision = decisions[number] as number;
    if (!(Number.isInteger(decision) && decision >= 0 && decision <= MAX_DECISION)) {
      throw new UnsupportedError(`${place} has a split of the unknown type ${decision}`);
    }
    const parts = {
      feature: features[number] as number,
      left: nodeOf(left[number] as number),
      right: nodeOf(right[number] as number),
    };
    const threshold = thresholds[number] as number;
    if ((decision & IS_CATEGORY) !== 0) return categorySplit(parts, categoriesOf(threshold));
    return numberSplit(parts, threshold, decision);
  };
  return {
    source: {
      ...{ place, group },
      root: 0,
      size: splits + leaves,
      reachable: splits + leaves,
      node: (number): TreeNode =>
        number < splits
          ? split(number)
          : { kind: "leaf", value: outputs[number - splits] as number },
      id: (number) => (number < splits ? -1 : number - splits),
      cover: coverOf(values, leaves),
    },
    linear: readLinear(values, leaves, place),
    categoryFeatures: Array.from(features).filter(
      (_, i) => ((decisions[i] as number) & IS_CATEGORY) !== 0,
    ),
  };
}

interface Split {
  readonly feature: number;
  readonly left: number;
  readonly right: number;
}

/** `x <= threshold` goes left; missing values go to the default side. */
function numberSplit(
  { feature, left, right }: Split,
  threshold: number,
  decision: number,
): NumberSplit {
  const missing = decision >> MISSING_SHIFT;
  const isLeft = (decision & MISSING_IS_LEFT) !== 0 && missing !== MISSING.none;
  const plane =
    missing === MISSING.none
      ? PLANE.missingZero
      : missing === MISSING.zero
        ? PLANE.zeroMissing
        : PLANE.value;
  if (isLeft) {
    // x > threshold, which is -x < -threshold, goes right; nothing is less than NaN.
    const value = -threshold;
    const parts = { plane: plane + 1, value, takesAll: false };
    return { kind: "number", feature, ...parts, child: right, other: left };
  }
  const takesAll = threshold === Number.POSITIVE_INFINITY;
  const parts = { plane, value: nextFloat64(threshold), takesAll };
  return { kind: "number", feature, ...parts, child: left, other: right };
}

/** A category in the set goes left; other categories and missing values go right. */
function categorySplit({ feature, left, right }: Split, words: Float64Array): CategorySplit {
  const flags = SPECIAL.setTakesChild;
  return { kind: "categories", feature, flags, words, child: left, other: right };
}

/** Returns a function that returns the words of a set by number. */
function readCategories(values: KeyValues, place: string): (set: number) => Float64Array {
  const sets = values.has("num_cat") ? values.integer("num_cat", 0, MAX_LEAVES) : 0;
  const boundaries = sets > 0 ? values.numbers("cat_boundaries", sets + 1) : new Float64Array(1);
  const words = sets > 0 ? values.numbers("cat_threshold") : new Float64Array(0);
  let total = 0;
  return (set) => {
    const [start, end] = [boundaries[set] as number, boundaries[set + 1] as number];
    total += end - start;
    if (!(start >= 0 && start <= end && end <= words.length && total <= words.length)) {
      throw new DocumentError(
        `${place}: the words of the set ${set} are from ${start} to ${end} of ${words.length}`,
      );
    }
    return words.subarray(start, end);
  };
}

function coverOf(values: KeyValues, leaves: number): TreeSource["cover"] {
  if (leaves === 1) return () => 1;
  if (!values.has("internal_count") || !values.has("leaf_count")) return undefined;
  const inner = values.numbers("internal_count", leaves - 1);
  const outer = values.numbers("leaf_count", leaves);
  return (number) =>
    number < leaves - 1 ? (inner[number] as number) : (outer[number - leaves + 1] as number);
}

function readLinear(values: KeyValues, leaves: number, place: string): LinearFunctions | undefined {
  if (!values.has("is_linear") || values.integer("is_linear", 0, 1) === 0) return undefined;
  const counts = values.numbers("num_features", leaves);
  const features = values.numbers("leaf_features");
  const coefficients = values.numbers("leaf_coeff", features.length);
  const starts = new Int32Array(leaves + 1);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const count = counts[leaf] as number;
    const end = (starts[leaf] as number) + count;
    if (!(Number.isInteger(count) && count >= 0 && end <= features.length)) {
      throw new DocumentError(`${place}: leaf ${leaf} has ${count} features of ${features.length}`);
    }
    starts[leaf + 1] = end;
  }
  return { constants: values.numbers("leaf_const", leaves), starts, features, coefficients };
}
