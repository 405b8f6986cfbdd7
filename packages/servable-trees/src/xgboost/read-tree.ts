import { type Fields, UnsupportedError } from "../document/fields.js";
import { DocumentError, type DocumentNumbers } from "../document/value.js";
import { PLANE, SPECIAL } from "../forest/forest.js";
import type { CategorySplit, NumberSplit, TreeNode, TreeSource } from "../forest/forest-builder.js";
import { floats, type Growable } from "../forest/growable.js";
import { previousFloat32 } from "../forest/neighbours.js";

const { fround } = Math;

/** Keys of a tree, and of its parameters, in XGBoost 1.7 to 3.x. */
const TREE_KEYS = [
  ...["base_weights", "categories", "categories_nodes", "categories_segments", "categories_sizes"],
  ...["default_left", "id", "leaf_weights", "left_children", "loss_changes", "parents"],
  ...["right_children", "split_conditions", "split_indices", "split_type", "sum_hessian"],
  "tree_param",
];
const PARAM_KEYS = ["num_deleted", "num_feature", "num_nodes", "size_leaf_vector"];

const MAX_NODES = 2 ** 30;
/** Upper limit of categories, exclusive, because XGBoost stores them as float32. */
const CATEGORY_LIMIT = 2 ** 24;
/** A set is stored as a list if its bits would take more than this many words per category. */
const SPARSE = 128;

/** Outputs of leaves of trees with vectors, one vector after the other. */
export class LeafVectors {
  readonly #values: Growable<Float32Array> = floats();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** Stores `size` numbers, starting with `start`, and returns the index of the vector. */
  add(source: DocumentNumbers, start: number): number {
    const at = this.#values.extend(this.#size);
    for (let i = 0; i < this.#size; i++) this.#values.data[at + i] = source[start + i] as number;
    return at / this.#size;
  }

  shared(): Float32Array {
    return this.#values.shared();
  }
}

/** Reads a tree of a model. `vectors` stores the leaves of a tree with vectors. */
export function readTree(
  fields: Fields,
  place: string,
  group: number,
  vectors: LeafVectors | undefined,
): TreeSource {
  fields.expectKeys(TREE_KEYS);
  const param = fields.object("tree_param");
  param.expectKeys(PARAM_KEYS);
  const size = param.integer("num_nodes", 1, MAX_NODES);
  const deleted = param.integer("num_deleted", 0, size - 1);
  const left = fields.numbers("left_children", size);
  const right = fields.numbers("right_children", size);
  const conditions = fields.numbers("split_conditions", size);
  const features = fields.numbers("split_indices", size);
  const defaultLeft = fields.numbers("default_left", size);
  const types = fields.has("split_type") ? fields.numbers("split_type") : [];
  const categoriesOf = readCategories(fields);
  const leaf = leafReader(fields, size, conditions, right, vectors);
  const cover = fields.has("sum_hessian") ? fields.numbers("sum_hessian", size) : undefined;
  const split = (number: number): NumberSplit | CategorySplit => {
    const parts = {
      feature: features[number] as number,
      left: left[number] as number,
      right: right[number] as number,
      missingIsLeft: defaultLeft[number] !== 0,
    };
    if (types[number] === 1) return categorySplit(parts, categoriesOf(number));
    if (types[number] !== undefined && types[number] !== 0) {
      throw new UnsupportedError(`${place} has a split of the unknown type ${types[number]}`);
    }
    return numberSplit(parts, fround(conditions[number] as number));
  };
  return {
    ...{ place, size, group },
    root: 0,
    reachable: size - deleted,
    node: (number): TreeNode => (left[number] === -1 ? leaf(number) : split(number)),
    id: (number) => number,
    ...(cover && vectors === undefined && { cover: (number: number) => cover[number] as number }),
  };
}

interface Split {
  readonly feature: number;
  readonly left: number;
  readonly right: number;
  readonly missingIsLeft: boolean;
}

/** `x < threshold` goes left; missing values go to the default side. */
function numberSplit(
  { feature, left, right, missingIsLeft }: Split,
  threshold: number,
): NumberSplit {
  if (!missingIsLeft) {
    const parts = { plane: PLANE.value, value: threshold, takesAll: false };
    return { kind: "number", feature, ...parts, child: left, other: right };
  }
  // x >= threshold, which is -x < -previous(threshold), goes right; nothing is less than NaN.
  const isNone = Number.isNaN(threshold) || threshold === Number.NEGATIVE_INFINITY;
  const value = isNone ? Number.POSITIVE_INFINITY : -previousFloat32(threshold);
  const parts = { plane: PLANE.negated, value, takesAll: isNone };
  return { kind: "number", feature, ...parts, child: right, other: left };
}

/** A category in the set goes right, any other left; missing values go to the default side. */
function categorySplit(
  { feature, left, right, missingIsLeft }: Split,
  categories: Int32Array,
): CategorySplit {
  const largest = categories.at(-1) ?? -1;
  const parts = { kind: "categories", feature, child: left, other: right } as const;
  const flags = missingIsLeft ? SPECIAL.missingTakesChild : 0;
  const count = (largest >> 5) + 1;
  if (count > SPARSE && count > SPARSE * categories.length) {
    return { ...parts, flags: flags | SPECIAL.isList, words: categories };
  }
  const words = new Int32Array(count);
  for (const category of categories) {
    words[category >> 5] = (words[category >> 5] as number) | (1 << (category & 31));
  }
  return { ...parts, flags, words };
}

/** Returns the set of categories of each split that has one, in ascending order. */
function readCategories(fields: Fields): (node: number) => Int32Array {
  const nodes = fields.has("categories_nodes") ? fields.numbers("categories_nodes") : [];
  if (nodes.length === 0) return () => new Int32Array(0);
  const starts = fields.numbers("categories_segments", nodes.length);
  const sizes = fields.numbers("categories_sizes", nodes.length);
  const categories = fields.numbers("categories");
  const indices = new Map<number, number>();
  let total = 0;
  for (let i = 0; i < nodes.length; i++) {
    indices.set(nodes[i] as number, i);
    total += sizes[i] as number;
  }
  if (total > categories.length) {
    throw new DocumentError(
      `${fields.place}: splits have ${total} categories; the tree has ${categories.length}`,
    );
  }
  return (node) => {
    const index = indices.get(node);
    if (index === undefined) {
      throw new DocumentError(`${fields.place}: node ${node} has no categories`);
    }
    const start = starts[index] as number;
    const end = start + (sizes[index] as number);
    if (!(start >= 0 && start <= end && end <= categories.length)) {
      throw new DocumentError(
        `${fields.place}: the categories of node ${node} are from ${start} to ${end} of ${categories.length}`,
      );
    }
    const set = new Int32Array(end - start);
    for (let i = 0; i < set.length; i++) {
      const category = categories[start + i] as number;
      if (!(category >= 0 && category < CATEGORY_LIMIT)) {
        throw new DocumentError(`${fields.place}: ${category} is not a category`);
      }
      set[i] = category;
    }
    return set.sort();
  };
}

function leafReader(
  fields: Fields,
  size: number,
  conditions: DocumentNumbers,
  right: DocumentNumbers,
  vectors: LeafVectors | undefined,
): (number: number) => TreeNode {
  if (vectors === undefined) {
    return (number) => ({ kind: "leaf", value: fround(conditions[number] as number) });
  }
  const width = fields.object("tree_param").integer("size_leaf_vector", 1, MAX_NODES);
  const isSeparate = fields.has("leaf_weights");
  // Since 3.1 leaves have their own vectors, whose index replaces the right child.
  const weights = isSeparate
    ? fields.numbers("leaf_weights")
    : fields.numbers("base_weights", size * width);
  return (number) => {
    const index = isSeparate ? (right[number] as number) : number;
    const start = index * width;
    if (!(Number.isInteger(start) && start >= 0 && start + width <= weights.length)) {
      throw new DocumentError(`${fields.place}: leaf ${number} has no vector ${index}`);
    }
    return { kind: "leaf", value: vectors.add(weights, start) };
  };
}
