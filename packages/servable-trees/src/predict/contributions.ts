import { type Forest, rowWidth } from "../forest/forest.js";
import type { Floats } from "../kernel/runner.js";
import type { TreeModel } from "../tree-model.js";
import type { Job, OutputData } from "./job.js";
import { STEPS_PER_SLICE } from "./job.js";
import { layOutOf } from "./row-source.js";
import { Shap } from "./shap.js";

/** Cost of a node relative to a step of a walk. */
const STEPS_PER_NODE = 20;

/** The part of a job that computes SHAP values: for each output, a number for each feature, and the bias. */
export type Contributions = Pick<Job, "unitsPerRow" | "unitsPerSlice" | "run">;

/** Returns undefined if the library does not support contributions either: for vector leaves and linear trees. */
export function contributionsOf(model: TreeModel): Contributions | undefined {
  const { forest } = model;
  if (forest === undefined) return linearContributions(model);
  if (forest.cover === undefined || forest.leafVectors || forest.linearLeaves) return undefined;
  return treeContributions(model, forest, forest.cover);
}

function treeContributions(model: TreeModel, forest: Forest, cover: Float32Array): Contributions {
  const { features, groups, base } = model;
  const { used, group } = forest;
  const layOut = layOutOf(forest);
  const width = rowWidth(forest);
  const row: Floats =
    forest.layout === "packed" ? new Float32Array(width) : new Float64Array(width);
  const sums = new Float64Array(groups * used.length);
  const own = Array.from({ length: groups }, (_, i) =>
    sums.subarray(i * used.length, (i + 1) * used.length),
  );
  const blocks = blocksOf(forest);
  // Created at the first call, because most models never get one.
  let shap: Shap | undefined;
  return {
    unitsPerRow: Math.max(1, blocks.length),
    unitsPerSlice: 1,
    run(source, first, count, out) {
      shap ??= new Shap(forest, cover);
      for (let unit = first; unit < first + count; unit++) {
        const index = Math.floor(unit / Math.max(1, blocks.length));
        const block = blocks[unit % Math.max(1, blocks.length)];
        layOut(source, index, 1, row);
        sums.fill(0);
        for (let tree = block?.first ?? 0; tree < (block?.end ?? 0); tree++) {
          shap.add(tree, row, 0, own[group[tree] as number] as Float64Array);
        }
        const start = index * groups * (features + 1);
        if ((block?.first ?? 0) === 0) {
          for (let i = 0; i < groups; i++) {
            const bias = (shap.expected[i] as number) + (base[i] as number);
            (out as Float64Array)[start + (i + 1) * (features + 1) - 1] = bias;
          }
        }
        addSums(sums, used, features, groups, out, start);
      }
    },
  };
}

function addSums(
  sums: Float64Array,
  used: Int32Array,
  features: number,
  groups: number,
  out: OutputData,
  start: number,
): void {
  const target = out as Float64Array;
  for (let i = 0; i < groups; i++) {
    for (let k = 0; k < used.length; k++) {
      const at = start + i * (features + 1) + (used[k] as number);
      target[at] = (target[at] as number) + (sums[i * used.length + k] as number);
    }
  }
}

/** Groups consecutive trees, about as many as one slice of work has. */
function blocksOf({ trees, roots, ids }: Forest): readonly { first: number; end: number }[] {
  const blocks: { first: number; end: number }[] = [];
  let first = 0;
  for (let tree = 1; tree <= trees; tree++) {
    const nodes = (roots[tree] ?? ids.length) - (roots[first] as number);
    if (tree < trees && nodes * STEPS_PER_NODE < STEPS_PER_SLICE) continue;
    blocks.push({ first, end: tree });
    first = tree;
  }
  return blocks;
}

/** Contributions of a linear model: the weight times the value, and the bias. */
function linearContributions({ features, groups, base, linear }: TreeModel): Contributions {
  const weights = linear?.weights ?? new Float32Array((features + 1) * groups);
  return {
    unitsPerRow: 1,
    unitsPerSlice: Math.max(1, Math.floor(STEPS_PER_SLICE / (features * groups + 1))),
    run(source, first, count, out) {
      for (let row = first; row < first + count; row++) {
        for (let group = 0; group < groups; group++) {
          const start = (row * groups + group) * (features + 1);
          for (let feature = 0; feature < features; feature++) {
            const value = source.value(row, feature);
            out[start + feature] = Number.isNaN(value)
              ? 0
              : value * (weights[feature * groups + group] as number);
          }
          const bias = weights[features * groups + group] as number;
          out[start + features] = bias + (base[group] as number);
        }
      }
    },
  };
}
