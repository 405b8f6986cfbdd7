import { type Forest, rowWidth } from "../forest/forest.js";
import type { Floats } from "../kernel/runner.js";
import { type Walker, walkerOf } from "../kernel/walker.js";
import { type Quadrature, quadratureOf } from "./quadrature.js";

/** Means that no edge of the path splits on the feature. */
const NONE = -1;

/**
 * Computes SHAP values of trees, as XGBoost and LightGBM define them: the cover of the training rows determines how
 * likely a row without a feature takes each side of a split.
 *
 * For a leaf, the value of feature i is `v * (o - z) * integral of the product of the others over t`. A feature on the
 * path has the factor `o * t + z * (1 - t)`: `o` is 1 if the row takes its splits, else 0, and `z` is the fraction of
 * the cover that takes them. The integrand is a polynomial, for which Gauss-Legendre quadrature with half as many
 * points as features is exact. Sums over the leaves below an edge are shared, so the cost of a tree is its nodes times
 * the points. The cost of the libraries' recursion is its leaves times the square of the depth.
 */
export class Shap {
  /** The average output of the trees of each group. */
  readonly expected: Float64Array;
  readonly #forest: Forest;
  readonly #walker: Walker;
  readonly #cover: Float32Array;
  /** Number of features that are used. */
  readonly #count: number;
  readonly #specialSlot: number;
  /** The last edge of the path that splits on each feature. */
  readonly #lastEdge: Int32Array;
  /** For each edge of the path: `z` and `o`. */
  readonly #parts: Float64Array;
  readonly #takes: Uint8Array;
  /** For each depth: the product of the path's factors, and the sum of the leaves below, at each point. */
  readonly #products: Float64Array;
  readonly #sums: Float64Array;
  readonly #maxPoints: number;
  #rule: Quadrature = quadratureOf(1);
  #weight = 1;

  constructor(forest: Forest, cover: Float32Array) {
    this.#forest = forest;
    this.#walker = walkerOf(forest);
    this.#cover = cover;
    this.#count = forest.used.length;
    this.#specialSlot = rowWidth(forest);
    let depth = 0;
    for (const own of forest.depths) depth = Math.max(depth, own);
    this.#maxPoints = pointsFor(Math.min(depth, this.#count));
    this.#lastEdge = new Int32Array(this.#count).fill(NONE);
    this.#parts = new Float64Array(depth);
    this.#takes = new Uint8Array(depth);
    this.#products = new Float64Array((depth + 1) * this.#maxPoints);
    this.#sums = new Float64Array((depth + 1) * this.#maxPoints);
    this.expected = this.#expectations();
  }

  /** Adds the SHAP values of a tree, for the row at `at`, to `out`: a number for each used feature. */
  add(tree: number, rows: Floats, at: number, out: Float64Array): void {
    const { roots, depths, weights } = this.#forest;
    const depth = depths[tree] as number;
    if (depth === 0) return;
    this.#rule = quadratureOf(pointsFor(Math.min(depth, this.#count)));
    this.#weight = weights?.[tree] ?? 1;
    this.#products.fill(1, 0, this.#rule.points.length);
    const root = roots[tree] as number;
    this.#visit(root, root, 0, rows, at, out);
  }

  #visit(
    root: number,
    node: number,
    depth: number,
    rows: Floats,
    at: number,
    out: Float64Array,
  ): void {
    const walker = this.#walker;
    const child = root + walker.child(node);
    const sums = this.#sums;
    const points = this.#rule.points.length;
    const start = depth * this.#maxPoints;
    if (child === node) {
      const value = walker.value(node) * this.#weight;
      for (let q = 0; q < points; q++) {
        sums[start + q] = value * (this.#products[start + q] as number);
      }
      return;
    }
    const feature = this.#featureOf(node);
    const takesChild = walker.takesChild(node, rows, at);
    const cover = this.#cover[node] as number;
    const before = this.#lastEdge[feature] as number;
    for (let q = 0; q < points; q++) sums[start + q] = 0;
    for (let side = 0; side < 2; side++) {
      const part = cover > 0 ? (this.#cover[child + side] as number) / cover : 0;
      this.#enter(depth, before, part, takesChild === (side === 0));
      this.#lastEdge[feature] = depth;
      this.#visit(root, child + side, depth + 1, rows, at, out);
      this.#lastEdge[feature] = before;
      this.#leave(depth, before, feature, out);
    }
  }

  /** Pushes the edge below `depth` onto the path. It replaces an earlier edge of the same feature. */
  #enter(depth: number, before: number, part: number, isTaken: boolean): void {
    const { points } = this.#rule;
    const products = this.#products;
    const start = depth * this.#maxPoints;
    const next = start + this.#maxPoints;
    const isSplitBefore = before !== NONE;
    const oldPart = isSplitBefore ? (this.#parts[before] as number) : 1;
    const oldTakes = isSplitBefore ? (this.#takes[before] as number) : 1;
    const newPart = oldPart * part;
    const takes = isTaken ? oldTakes : 0;
    this.#parts[depth] = newPart;
    this.#takes[depth] = takes;
    for (let q = 0; q < points.length; q++) {
      const t = points[q] as number;
      const factor = takes * t + newPart * (1 - t);
      const product = products[start + q] as number;
      if (!isSplitBefore) products[next + q] = product * factor;
      else {
        const old = oldTakes * t + oldPart * (1 - t);
        // The product without its factor: if the factor is 0, all products below are 0.
        products[next + q] = old === 0 ? 0 : (product / old) * factor;
      }
    }
  }

  /** Pops the edge from the path, and adds the contribution of the leaves below it to its feature. */
  #leave(depth: number, before: number, feature: number, out: Float64Array): void {
    const start = depth * this.#maxPoints;
    const below = start + this.#maxPoints;
    const points = this.#rule.points.length;
    let value = this.#share(depth, below);
    // These leaves count only for the last edge of the feature.
    if (before !== NONE) value -= this.#share(before, below);
    out[feature] = (out[feature] as number) + value;
    for (let q = 0; q < points; q++) {
      this.#sums[start + q] = (this.#sums[start + q] as number) + (this.#sums[below + q] as number);
    }
  }

  /** Returns `(o - z)` times the integral of the sums without the factor of an edge. */
  #share(edge: number, sums: number): number {
    const { points, weights } = this.#rule;
    const part = this.#parts[edge] as number;
    const takes = this.#takes[edge] as number;
    let integral = 0;
    for (let q = 0; q < points.length; q++) {
      const t = points[q] as number;
      const factor = takes * t + part * (1 - t);
      if (factor === 0) continue;
      integral += ((weights[q] as number) * (this.#sums[sums + q] as number)) / factor;
    }
    return (takes - part) * integral;
  }

  /** Returns the index of a node's split feature among the used features. */
  #featureOf(node: number): number {
    const slot = this.#walker.slot(node);
    if (slot < this.#specialSlot) return slot % this.#count;
    return (this.#forest.specials[4 * this.#walker.special(node)] as number) % this.#count;
  }

  #expectations(): Float64Array {
    const { trees, groups, group, weights } = this.#forest;
    const expected = new Float64Array(groups);
    for (let tree = 0; tree < trees; tree++) {
      const own = group[tree] as number;
      expected[own] = (expected[own] as number) + this.#mean(tree) * (weights?.[tree] ?? 1);
    }
    return expected;
  }

  /** Returns the mean of a tree's leaves, weighted by cover. */
  #mean(tree: number): number {
    const { roots, ids } = this.#forest;
    const root = roots[tree] as number;
    const end = roots[tree + 1] ?? ids.length;
    const reach = new Float64Array(end - root);
    reach[0] = 1;
    let mean = 0;
    // Children follow their parents.
    for (let node = root; node < end; node++) {
      const child = root + this.#walker.child(node);
      const own = reach[node - root] as number;
      if (child === node) mean += own * this.#walker.value(node);
      else {
        const cover = this.#cover[node] as number;
        for (const next of [child, child + 1]) {
          reach[next - root] = cover > 0 ? (own * (this.#cover[next] as number)) / cover : 0;
        }
      }
    }
    return mean;
  }
}

/**
 * A rule with n points is exact for polynomials of degree 2n - 1; the degree of the integrand is the number of features
 * minus 1.
 */
const pointsFor = (features: number) => Math.max(1, Math.ceil(features / 2));
