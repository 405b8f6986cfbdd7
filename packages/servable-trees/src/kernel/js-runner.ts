import { type Forest, rowWidth } from "../forest/forest.js";
import { capacityOf, type Floats, type Runner } from "./runner.js";
import { type Walker, walkerOf } from "./walker.js";

/** A runner in pure JavaScript, for platforms without WebAssembly. */
export class JsRunner implements Runner {
  readonly capacity: number;
  readonly rows: Floats;
  readonly #forest: Forest;
  readonly #walker: Walker;
  readonly #width: number;

  constructor(forest: Forest) {
    const isPacked = forest.layout === "packed";
    this.#forest = forest;
    this.#walker = walkerOf(forest);
    this.#width = rowWidth(forest);
    this.capacity = capacityOf(forest, this.#width, isPacked ? 4 : 8);
    const length = this.capacity * this.#width;
    this.rows = isPacked ? new Float32Array(length) : new Float64Array(length);
  }

  sum(rows: number, out: Floats): void {
    this.sumTrees(0, this.#forest.trees, this.rows, rows, out);
  }

  /** Adds the leaves of the trees from `first` to `end`. In a Float32Array, each addition is rounded. */
  sumTrees(first: number, end: number, x: Floats, rows: number, out: Floats): void {
    const { groups, group } = this.#forest;
    const walker = this.#walker;
    const width = this.#width;
    for (let tree = first; tree < end; tree++) {
      const offset = group[tree] as number;
      for (let row = 0; row < rows; row++) {
        const at = row * groups + offset;
        const leaf = walker.value(walker.leaf(tree, x, row * width));
        out[at] = (out[at] as number) + leaf;
      }
    }
  }

  find(rows: number, first: number, count: number, out: Int32Array): void {
    this.findTrees(first, count, this.rows, rows, out);
  }

  /** Writes the leaves of `count` trees to `out`; `out[0]` is the leaf of the first tree. */
  findTrees(
    first: number,
    count: number,
    x: Floats,
    rows: number,
    out: Int32Array,
    stride = count,
  ): void {
    for (let tree = 0; tree < count; tree++) {
      for (let row = 0; row < rows; row++) {
        out[row * stride + tree] = this.#walker.leaf(first + tree, x, row * this.#width);
      }
    }
  }

  close(): void {}
}
