import { type Forest, rowWidth } from "../forest/forest.js";
import { type Floats, MAX_FOUND, type Runner } from "../kernel/runner.js";
import { type Walker, walkerOf } from "../kernel/walker.js";
import type { TreeModel } from "../tree-model.js";
import { layOutOf, type RowSource } from "./row-source.js";

const { fround } = Math;

/** Computes the margins of rows. */
export interface Margins {
  /** Number of rows that are computed at a time. */
  readonly capacity: number;
  /** Approximate number of tree steps of a row. */
  readonly cost: number;
  /** Writes the margins of `count` rows, starting with `first`, to `out`, `groups` numbers per row. */
  write(source: RowSource, first: number, count: number, out: Floats): void;
}

/** Returns the margins of a model; `runner` belongs to its forest. */
export function marginsOf(model: TreeModel, runner: Runner | undefined): Margins {
  const { forest } = model;
  if (forest === undefined || runner === undefined) return linearMargins(model);
  if (forest.weights || forest.leafVectors || forest.linearLeaves) {
    return foundMargins(model, forest, runner);
  }
  const { base } = model;
  const layOut = layOutOf(forest);
  const { groups } = forest;
  return {
    capacity: runner.capacity,
    cost: costOf(forest),
    write(source, first, count, out) {
      layOut(source, first, count, runner.rows);
      for (let i = 0; i < count * groups; i++) out[i] = base[i % groups] as number;
      runner.sum(count, out);
    },
  };
}

/** Cost factor of a step that needs JavaScript. */
const SCRIPT_FACTOR = 6;

/** Returns the steps of all trees for one row, plus the fixed work of a row. */
export function costOf(forest: Forest): number {
  const { depths, hasSpecials, weights, leafVectors, linearLeaves } = forest;
  let steps = rowWidth(forest) + forest.groups;
  for (const depth of depths) steps += depth + 2;
  const isKernels = !hasSpecials.includes(1) && !weights && !leafVectors && !linearLeaves;
  return isKernels ? steps : SCRIPT_FACTOR * steps;
}

/** Adds a leaf to the outputs of a row that starts at `at`. */
type AddLeaf = (tree: number, node: number, row: number, at: number, out: Floats) => void;

/** Margins of trees whose leaves need more than an addition: weights, vectors, linear functions. */
function foundMargins(model: TreeModel, forest: Forest, runner: Runner): Margins {
  const { groups, trees } = forest;
  const { base } = model;
  const layOut = layOutOf(forest);
  const walker = walkerOf(forest);
  const found = new Int32Array(runner.capacity * MAX_FOUND);
  return {
    capacity: runner.capacity,
    cost: costOf(forest),
    write(source, first, count, out) {
      layOut(source, first, count, runner.rows);
      for (let i = 0; i < count * groups; i++) out[i] = base[i % groups] as number;
      const addLeaf = addLeafOf(forest, walker, source);
      for (let tree = 0; tree < trees; tree += MAX_FOUND) {
        const many = Math.min(MAX_FOUND, trees - tree);
        runner.find(count, tree, many, found);
        for (let row = 0; row < count; row++) {
          for (let i = 0; i < many; i++) {
            addLeaf(tree + i, found[row * many + i] as number, first + row, row * groups, out);
          }
        }
      }
    },
  };
}

function addLeafOf(
  { group, groups, weights, leafVectors, linearLeaves }: Forest,
  walker: Walker,
  source: RowSource,
): AddLeaf {
  if (leafVectors) {
    return (tree, node, _, at, out) => {
      const start = walker.value(node) * groups;
      const weight = weights?.[tree] ?? 1;
      for (let i = 0; i < groups; i++) {
        out[at + i] = (out[at + i] as number) + fround((leafVectors[start + i] as number) * weight);
      }
    };
  }
  if (linearLeaves) {
    const { starts, constants, features, coefficients } = linearLeaves;
    return (tree, node, row, at, out) => {
      let sum = constants[node] as number;
      for (let i = starts[node] as number; i < (starts[node + 1] as number); i++) {
        const value = source.value(row, features[i] as number);
        if (!Number.isFinite(value)) {
          sum = walker.value(node);
          break;
        }
        sum += value * (coefficients[i] as number);
      }
      const place = at + (group[tree] as number);
      out[place] = (out[place] as number) + sum;
    };
  }
  return (tree, node, _, at, out) => {
    const place = at + (group[tree] as number);
    out[place] = (out[place] as number) + fround(walker.value(node) * (weights?.[tree] ?? 1));
  };
}

/** Margins of a linear model, in float32. A missing value adds nothing. */
function linearMargins({ features, groups, base, linear }: TreeModel): Margins {
  const weights = linear?.weights ?? new Float32Array((features + 1) * groups);
  return {
    capacity: 256,
    cost: features * groups + 1,
    write(source, first, count, out) {
      for (let row = 0; row < count; row++) {
        for (let group = 0; group < groups; group++) {
          const bias = weights[features * groups + group] as number;
          let sum = fround(bias + (base[group] as number));
          for (let feature = 0; feature < features; feature++) {
            const value = source.value(first + row, feature);
            if (Number.isNaN(value)) continue;
            sum = fround(sum + fround(value * (weights[feature * groups + group] as number)));
          }
          out[row * groups + group] = sum;
        }
      }
    },
  };
}
