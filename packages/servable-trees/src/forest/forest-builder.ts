import { UnsupportedError } from "../document/fields.js";
import { DocumentError } from "../document/value.js";
import { countBits, type Forest, type Layout, nodeBytes, planeIndex, SPECIAL } from "./forest.js";
import { bytes, doubles, floats, ints } from "./growable.js";
import { nodeWriter } from "./node-writer.js";
import { ReachedNodes } from "./reached-nodes.js";
import { SpecialSplits } from "./special-splits.js";

/** A split that compares numbers: whether the value of a plane is less than `value`. */
export interface NumberSplit {
  readonly kind: "number";
  readonly feature: number;
  readonly plane: number;
  readonly value: number;
  /** True if every value that is not missing goes to the child, including infinity. */
  readonly takesAll: boolean;
  /** The node for values that are less. */
  readonly child: number;
  readonly other: number;
}

/** A split by a set of categories. */
export interface CategorySplit {
  readonly kind: "categories";
  readonly feature: number;
  readonly flags: number;
  /** The set: one bit for each category, or a list of them. */
  readonly words: ArrayLike<number>;
  readonly child: number;
  readonly other: number;
}

/** A leaf with its output. */
export interface LeafNode {
  readonly kind: "leaf";
  readonly value: number;
}

/** A node of a tree in a file. */
export type TreeNode = NumberSplit | CategorySplit | LeafNode;

/** A tree of a file, with numbered nodes. */
export interface TreeSource {
  /** The name of the tree in errors, such as `tree 3`. */
  readonly place: string;
  readonly root: number;
  /** The node numbers are less than this. */
  readonly size: number;
  /** Number of reachable nodes. */
  readonly reachable: number;
  readonly group: number;
  readonly node: (number: number) => TreeNode;
  /** Returns the library's id of a node. */
  readonly id: (number: number) => number;
  /** Returns the weight of the training rows of a node; absent if the file has none. */
  readonly cover?: ((number: number) => number) | undefined;
}

/** The kind of split of a node: a plane of a number split, or one of these. */
const LEAF = -1;
const CATEGORIES = -2;

/** Builds a `Forest` from trees, and checks them: each node is reached once, and features exist. */
export class ForestBuilder {
  readonly #features: number;
  readonly #groups: number;
  readonly #layout: Layout;
  readonly #roots = ints();
  readonly #depths = ints();
  readonly #group = ints();
  readonly #hasSpecials = bytes();
  readonly #kind = ints();
  readonly #feature = ints();
  readonly #value = doubles();
  readonly #takesAll = bytes();
  readonly #child = ints();
  readonly #ids = ints();
  readonly #cover = floats();
  readonly #categorySplits: CategorySplit[] = [];
  #hasCover = true;
  #planes = 0;
  /** Number of planes with a split that takes all values, and with one whose value is infinity and that does not. */
  #allPlanes = 0;
  #topPlanes = 0;

  constructor(options: { features: number; groups: number; layout: Layout }) {
    this.#features = options.features;
    this.#groups = options.groups;
    this.#layout = options.layout;
  }

  get nodes(): number {
    return this.#kind.length;
  }

  /**
   * Adds a tree, its nodes in breadth-first order and siblings next to each other. Yields now and then.
   *
   * @throws DocumentError if a node is reached twice or is not in the tree.
   */
  *add(tree: TreeSource): Generator<void, void> {
    const { place, root, reachable, group } = tree;
    if (group < 0 || group >= this.#groups) {
      throw new DocumentError(
        `${place}: its output must be from 0 to ${this.#groups - 1}; got ${group}`,
      );
    }
    const reached = new ReachedNodes(tree);
    const first = this.#extend(Math.max(1, reachable));
    reached.add(root);
    let hasSpecials = false;
    let depth = 0;
    let levelEnd = 1;
    for (let i = 0; i < reached.length; i++) {
      if (i === levelEnd) {
        depth++;
        levelEnd = reached.length;
      }
      const number = reached.at(i);
      const node = tree.node(number);
      if (node.kind !== "leaf") {
        this.#checkFeature(place, node.feature);
        this.#child.data[first + i] = reached.length;
        reached.add(node.child);
        reached.add(node.other);
        hasSpecials ||= node.kind === "categories";
      } else this.#child.data[first + i] = i;
      this.#put(first + i, node, place);
      this.#ids.data[first + i] = tree.id(number);
      this.#putCover(first + i, tree, number);
      if ((i & 0xfff) === 0xfff) yield;
    }
    reached.checkComplete();
    this.#roots.push(first);
    this.#depths.push(depth);
    this.#group.push(group);
    this.#hasSpecials.push(Number(hasSpecials));
  }

  /** Builds the forest of all added trees. Yields now and then. */
  *build(): Generator<void, Forest> {
    const used = this.#usedFeatures();
    const clamped = this.#allPlanes & ~this.#topPlanes;
    const layout = this.#layoutFor(used.length * countBits(this.#planes) + 2);
    const nodes = new Uint8Array(new SharedArrayBuffer(this.nodes * nodeBytes(layout)));
    const width = used.length * countBits(this.#planes);
    const slotBits = bitsFor(width + 2);
    const slotOf = (feature: number, plane: number) =>
      planeIndex(this.#planes, plane) * used.length + indexOf(used, feature);
    const writer = nodeWriter(layout, nodes, slotBits);
    const specials = new SpecialSplits();
    for (let tree = 0; tree < this.#roots.length; tree++) {
      const next = this.#roots.data[tree + 1] ?? 0;
      const root = this.#roots.data[tree] as number;
      const end = tree + 1 < this.#roots.length ? next : this.nodes;
      for (let i = root; i < end; i++) {
        const kind = this.#kind.data[i] as number;
        const child = this.#child.data[i] as number;
        const value = this.#value.data[i] as number;
        const feature = this.#feature.data[i] as number;
        if (kind === LEAF) writer.number(i, width, child, value);
        else if (kind === CATEGORIES) {
          const { flags, words } = this.#categorySplits[value] as CategorySplit;
          writer.special(i, width + 1, child, specials.add(slotOf(feature, 0), flags, words));
        } else if (this.#takesAll.data[i] === 1 && (clamped & (1 << kind)) === 0) {
          const slot = slotOf(feature, kind);
          writer.special(i, width + 1, child, specials.add(slot, SPECIAL.allTakeChild, []));
          this.#hasSpecials.data[tree] = 1;
        } else writer.number(i, slotOf(feature, kind), child, value);
        if ((i & 0xfff) === 0xfff) yield;
      }
      if ((tree & 0x1f) === 0x1f) yield;
    }
    const parts = { layout, slotBits, nodes, used, clamped, planes: this.#planes };
    return { ...parts, ...specials.shared(), ...this.#trees() };
  }

  /** The trees without their nodes. */
  #trees() {
    return {
      trees: this.#roots.length,
      groups: this.#groups,
      roots: this.#roots.shared(),
      depths: this.#depths.shared(),
      group: this.#group.shared(),
      hasSpecials: this.#hasSpecials.shared(),
      ids: this.#ids.shared(),
      ...(this.#hasCover && { cover: this.#cover.shared() }),
    };
  }

  #extend(count: number): number {
    for (const array of [this.#feature, this.#value, this.#takesAll, this.#child]) {
      array.extend(count);
    }
    for (const array of [this.#ids, this.#cover]) array.extend(count);
    return this.#kind.extend(count);
  }

  #checkFeature(place: string, feature: number): void {
    if (feature >= 0 && feature < this.#features) return;
    throw new DocumentError(
      `${place}: a feature must be from 0 to ${this.#features - 1}; got ${feature}`,
    );
  }

  #put(at: number, node: TreeNode, place: string): void {
    if (node.kind === "leaf") {
      if (Number.isNaN(node.value) || Math.abs(node.value) === Number.POSITIVE_INFINITY) {
        throw new UnsupportedError(
          `${place} has a leaf of ${node.value}; expected a finite number`,
        );
      }
      this.#kind.data[at] = LEAF;
      this.#value.data[at] = node.value;
      return;
    }
    this.#feature.data[at] = node.feature;
    if (node.kind === "categories") {
      this.#kind.data[at] = CATEGORIES;
      this.#value.data[at] = this.#categorySplits.push(node) - 1;
      this.#planes |= 1;
      return;
    }
    const { plane, value, takesAll } = node;
    this.#kind.data[at] = plane;
    this.#value.data[at] = value;
    this.#takesAll.data[at] = Number(takesAll);
    this.#planes |= 1 << plane;
    if (takesAll) this.#allPlanes |= 1 << plane;
    else if (value === Number.POSITIVE_INFINITY) this.#topPlanes |= 1 << plane;
  }

  #putCover(at: number, { cover }: TreeSource, number: number): void {
    if (cover === undefined) this.#hasCover = false;
    else this.#cover.data[at] = cover(number);
  }

  /** Returns the features of splits, in ascending order. */
  #usedFeatures(): Int32Array {
    const used = new Set<number>();
    for (let i = 0; i < this.nodes; i++) {
      if (this.#kind.data[i] !== LEAF) used.add(this.#feature.data[i] as number);
    }
    const sorted = Int32Array.from(used).sort();
    const shared = new Int32Array(new SharedArrayBuffer(4 * sorted.length));
    shared.set(sorted);
    return shared;
  }

  /** Returns the layout: `wide` if slots and children do not fit into 32 bits. */
  #layoutFor(slots: number): Layout {
    if (this.#layout !== "packed") return this.#layout;
    let largest = 0;
    for (let i = 0; i < this.#roots.length; i++) {
      const end = this.#roots.data[i + 1] as number;
      const next = i + 1 < this.#roots.length ? end : this.nodes;
      largest = Math.max(largest, next - (this.#roots.data[i] as number));
    }
    return largest <= 2 ** (32 - bitsFor(slots)) ? "packed" : "wide32";
  }
}

const bitsFor = (count: number) => Math.max(1, Math.ceil(Math.log2(count)));

/** Returns the index of a number that an ascending list contains. */
function indexOf(sorted: Int32Array, value: number): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
