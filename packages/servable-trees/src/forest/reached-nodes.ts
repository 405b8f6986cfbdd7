import { DocumentError } from "../document/value.js";
import type { TreeSource } from "./forest-builder.js";

/** The nodes of a tree in breadth-first order, as far as they are reached. Each must be reached once. */
export class ReachedNodes {
  readonly #tree: TreeSource;
  readonly #queue: Int32Array;
  readonly #isReached: Uint8Array;
  #length = 0;

  constructor(tree: TreeSource) {
    this.#tree = tree;
    this.#queue = new Int32Array(Math.max(1, tree.reachable));
    this.#isReached = new Uint8Array(tree.size);
  }

  get length(): number {
    return this.#length;
  }

  /** Returns the number of a node. */
  at(index: number): number {
    return this.#queue[index] as number;
  }

  /** @throws DocumentError if the node is not in the tree, or was reached before. */
  add(number: number): void {
    const { place, size } = this.#tree;
    if (!(Number.isInteger(number) && number >= 0 && number < size)) {
      throw new DocumentError(`${place}: node ${number} is not one of its ${size} nodes`);
    }
    if (this.#isReached[number] === 1 || this.#length === this.#queue.length) {
      throw new DocumentError(`${place}: node ${number} is reached twice, or too many are`);
    }
    this.#isReached[number] = 1;
    this.#queue[this.#length++] = number;
  }

  /** @throws DocumentError if nodes are left. */
  checkComplete(): void {
    const { place, reachable } = this.#tree;
    if (this.#length === reachable) return;
    throw new DocumentError(`${place}: ${this.#length} of its ${reachable} nodes are reached`);
  }
}
