import { type Forest, rowWidth, SPECIAL } from "../forest/forest.js";
import type { Floats } from "./runner.js";

/**
 * Walks one tree at a time in JavaScript: performs the kernel's steps, and handles splits that the kernel does not
 * support.
 */
export interface Walker {
  /** Returns the leaf node that the row at `at` reaches. */
  leaf(tree: number, rows: Floats, at: number): number;
  /** Returns whether the row at `at` goes from a node to its child instead of the node after the child. */
  takesChild(node: number, rows: Floats, at: number): boolean;
  /** Returns the slot of a node; for a leaf, the last slot of a row. */
  slot(node: number): number;
  /** Returns the child of a node, as an offset from the root of its tree. */
  child(node: number): number;
  /** Returns the value of a node. */
  value(node: number): number;
  /** Returns the row of `specials` of a node that names the slot after the last slot of a row. */
  special(node: number): number;
}

export function walkerOf(forest: Forest): Walker {
  return forest.layout === "packed" ? packedWalker(forest) : wideWalker(forest);
}

function packedWalker(forest: Forest): Walker {
  const { nodes, slotBits, roots, hasSpecials, depths } = forest;
  const words = new Int32Array(nodes.buffer, nodes.byteOffset, nodes.length / 4);
  const values = new Float32Array(nodes.buffer, nodes.byteOffset, nodes.length / 4);
  const mask = (1 << slotBits) - 1;
  const special = specialsOf(forest);
  const takesChild: Walker["takesChild"] = (node, rows, at) => {
    const slot = (words[2 * node + 1] as number) & mask;
    if (slot === special.slot) return special.takesChild(words[2 * node] as number, rows, at);
    return (rows[at + slot] as number) < (values[2 * node] as number);
  };
  const child: Walker["child"] = (node) => (words[2 * node + 1] as number) >>> slotBits;
  const slot: Walker["slot"] = (node) => (words[2 * node + 1] as number) & mask;
  return {
    ...{ takesChild, child, slot },
    leaf(tree, rows, at) {
      const root = roots[tree] as number;
      let node = root;
      if (hasSpecials[tree] === 1) return walkSpecials(root, rows, at, { child, takesChild });
      for (let depth = depths[tree] as number; depth > 0; depth--) {
        const word = words[2 * node + 1] as number;
        const isLess = (rows[at + (word & mask)] as number) < (values[2 * node] as number);
        node = root + (word >>> slotBits) + (isLess ? 0 : 1);
      }
      return node;
    },
    value: (node) => values[2 * node] as number,
    special: (node) => words[2 * node] as number,
  };
}

function wideWalker(forest: Forest): Walker {
  const { nodes, roots, hasSpecials, depths } = forest;
  const words = new Int32Array(nodes.buffer, nodes.byteOffset, nodes.length / 4);
  const values = new Float64Array(nodes.buffer, nodes.byteOffset, nodes.length / 8);
  const special = specialsOf(forest);
  const slot: Walker["slot"] = (node) => words[4 * node + 2] as number;
  const child: Walker["child"] = (node) => words[4 * node + 3] as number;
  const takesChild: Walker["takesChild"] = (node, rows, at) => {
    const slot = words[4 * node + 2] as number;
    if (slot === special.slot) return special.takesChild(values[2 * node] as number, rows, at);
    return (rows[at + slot] as number) < (values[2 * node] as number);
  };
  return {
    ...{ takesChild, child, slot },
    leaf(tree, rows, at) {
      const root = roots[tree] as number;
      let node = root;
      if (hasSpecials[tree] === 1) return walkSpecials(root, rows, at, { child, takesChild });
      for (let depth = depths[tree] as number; depth > 0; depth--) {
        const isLess =
          (rows[at + (words[4 * node + 2] as number)] as number) < (values[2 * node] as number);
        node = root + (words[4 * node + 3] as number) + (isLess ? 0 : 1);
      }
      return node;
    },
    value: (node) => values[2 * node] as number,
    special: (node) => values[2 * node] as number,
  };
}

/** Walks until it reaches a leaf, which is its own child. */
function walkSpecials(
  root: number,
  rows: Floats,
  at: number,
  { child, takesChild }: Pick<Walker, "child" | "takesChild">,
): number {
  let node = root;
  for (;;) {
    const next = root + child(node);
    if (next === node) return node;
    node = takesChild(node, rows, at) ? next : next + 1;
  }
}

/** XGBoost stores categories as float32, so they are below this; other values are not in any set. */
const CATEGORY_LIMIT = 2 ** 24;

interface Specials {
  /** The slot that nodes with special splits name. */
  readonly slot: number;
  takesChild(row: number, rows: Floats, at: number): boolean;
}

function specialsOf(forest: Forest): Specials {
  const { specials, categoryWords } = forest;
  const hasBit = (start: number, count: number, category: number) =>
    category >> 5 < count &&
    (((categoryWords[start + (category >> 5)] as number) >>> (category & 31)) & 1) === 1;
  const isListed = (start: number, count: number, category: number) => {
    let low = start;
    for (let high = start + count; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((categoryWords[middle] as number) < category) low = middle + 1;
      else high = middle;
    }
    return low < start + count && categoryWords[low] === category;
  };
  return {
    slot: rowWidth(forest),
    takesChild(row, rows, at) {
      const value = rows[at + (specials[4 * row] as number)] as number;
      const flags = specials[4 * row + 1] as number;
      if (Number.isNaN(value)) return (flags & SPECIAL.missingTakesChild) !== 0;
      if ((flags & SPECIAL.allTakeChild) !== 0) return true;
      const start = specials[4 * row + 2] as number;
      const count = specials[4 * row + 3] as number;
      const takesSet = (flags & SPECIAL.setTakesChild) !== 0;
      const limit = takesSet ? 2 ** 31 : CATEGORY_LIMIT;
      // A fraction is truncated, in LightGBM also for a number from -1 to 0.
      const isInRange = (takesSet ? value > -1 : value >= 0) && value < limit;
      const category = Math.trunc(value);
      const find = (flags & SPECIAL.isList) !== 0 ? isListed : hasBit;
      return (isInRange && find(start, count, category)) === takesSet;
    },
  };
}
