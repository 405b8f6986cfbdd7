import { DEFAULT_SIGNATURE, type Tensor, type TensorSpec } from "@serving-kit/inference";
import { type Floats, MAX_FOUND, type Runner } from "../kernel/runner.js";
import type { TreeOptions } from "../options.js";
import type { TreeModel } from "../tree-model.js";
import { columnReader, columnSpecs } from "./columns.js";
import { contributionsOf } from "./contributions.js";
import { type Job, type OutputData, STEPS_PER_SLICE } from "./job.js";
import { costOf, type Margins, marginsOf } from "./margins.js";
import { layOutOf, MatrixRows } from "./row-source.js";
import { FLOAT32_TRANSFORMS, float64Transform, largestOf } from "./transform.js";

/** Computes an output from rows. */
type Compute = Pick<Job, "unitsPerRow" | "unitsPerSlice" | "run">;

/** The output of a signature. */
interface Output {
  readonly name: string;
  readonly dtype: Job["output"]["dtype"];
  readonly extents: readonly number[];
  readonly compute: Compute;
}

/** Reads the inputs of a signature. */
type Input = Pick<Job, "open"> & { readonly specs: ReadonlyMap<string, TensorSpec> };

/** The signatures of a model, by name. */
export function jobsOf(
  model: TreeModel,
  runner: Runner | undefined,
  { inputName = "input", outputName = "predict", missing = Number.NaN }: TreeOptions,
): ReadonlyMap<string, Job> {
  const { features } = model;
  const margins = marginsOf(model, runner);
  const matrix: Input = {
    specs: new Map([[inputName, { dtype: "float32", shape: [-1, features] }]]),
    open: (inputs) => {
      const { data, shape } = inputs[inputName] as Tensor<"float32">;
      return new MatrixRows(data, shape[0] as number, features, missing);
    },
  };
  const predict = predictOutput(outputName, model, margins);
  const jobs = new Map([[DEFAULT_SIGNATURE, jobOf(matrix, predict)]]);
  const specs = columnSpecs(model);
  if (specs) jobs.set("columns", jobOf({ specs, open: columnReader(model, missing) }, predict));
  const others = [
    marginOutput(model, margins),
    ...classifierOutputs(model, margins),
    ...leafOutput(model, runner),
    ...contributionsOutput(model),
  ];
  for (const output of others) jobs.set(output.name, jobOf(matrix, output));
  return jobs;
}

function jobOf({ specs, open }: Input, { name, dtype, extents, compute }: Output): Job {
  return {
    signature: {
      inputs: specs,
      outputs: new Map([[name, { dtype, shape: [-1, ...extents] }]]),
      checksShapes: true,
    },
    output: { name, dtype },
    perRow: extents.reduce((product, extent) => product * extent, 1),
    ...{ extents, open, ...compute },
  };
}

const floatOf = ({ library }: TreeModel) => (library === "xgboost" ? "float32" : "float64");

/** Returns the dimensions of an output with a number for each group. */
const groupsOf = ({ groups }: TreeModel): readonly number[] => (groups === 1 ? [] : [groups]);

/** `writeRows` receives the margins of at most as many rows as are computed at a time. */
function compute(
  model: TreeModel,
  margins: Margins,
  perRow: number,
  writeRows: (margins: Floats, out: OutputData, at: number, count: number) => void,
): Compute {
  const { groups } = model;
  const { capacity } = margins;
  const length = capacity * groups;
  const scratch = model.library === "xgboost" ? new Float32Array(length) : new Float64Array(length);
  return {
    unitsPerRow: 1,
    unitsPerSlice: sliceOf(margins.cost),
    run(source, first, count, out) {
      for (let done = 0; done < count; done += capacity) {
        const many = Math.min(capacity, count - done);
        margins.write(source, first + done, many, scratch);
        writeRows(scratch, out, (first + done) * perRow, many);
      }
    },
  };
}

const sliceOf = (cost: number) => Math.max(1, Math.floor(STEPS_PER_SLICE / cost));

/** Computes margins directly in the output, and then runs `apply` on them. */
function computeInPlace(
  { groups }: TreeModel,
  margins: Margins,
  apply: ((margins: Floats) => void) | undefined,
): Compute {
  const { capacity } = margins;
  return {
    unitsPerRow: 1,
    unitsPerSlice: sliceOf(margins.cost),
    run(source, first, count, out) {
      for (let done = 0; done < count; done += capacity) {
        const many = Math.min(capacity, count - done);
        const start = (first + done) * groups;
        const isWhole = start === 0 && out.length === many * groups;
        const part = (isWhole ? out : out.subarray(start, start + many * groups)) as Floats;
        margins.write(source, first + done, many, part);
        apply?.(part);
      }
    },
  };
}

/** Computes the result of `Booster.predict`. */
function predictOutput(name: string, model: TreeModel, margins: Margins): Output {
  const { groups, transform } = model;
  const dtype = floatOf(model);
  if (transform.kind === "argmax") {
    const write = compute(model, margins, 1, (scratch, out, at, count) => {
      for (let row = 0; row < count; row++) out[at + row] = largestOf(scratch, row, groups);
    });
    return { name, dtype, extents: [], compute: write };
  }
  const apply = transformOf(model);
  return { name, dtype, extents: groupsOf(model), compute: computeInPlace(model, margins, apply) };
}

function transformOf(model: TreeModel): ((margins: Floats) => void) | undefined {
  const { groups, divisor, transform, library } = model;
  if (library === "xgboost") {
    const own = FLOAT32_TRANSFORMS[transform.kind];
    return own && ((margins) => own(margins as Float32Array, groups));
  }
  const own = float64Transform(transform);
  if (divisor === 1) return own && ((margins) => own(margins as Float64Array, groups));
  return (margins) => {
    for (let i = 0; i < margins.length; i++) margins[i] = (margins[i] as number) / divisor;
    own?.(margins as Float64Array, groups);
  };
}

function marginOutput(model: TreeModel, margins: Margins): Output {
  const dtype = floatOf(model);
  const write = computeInPlace(model, margins, undefined);
  return { name: "margin", dtype, extents: groupsOf(model), compute: write };
}

/** Returns labels and probabilities, like `predict` and `predict_proba` of scikit-learn's classifiers. */
function classifierOutputs(model: TreeModel, margins: Margins): readonly Output[] {
  const { groups, isClassifier } = model;
  if (!isClassifier) return [];
  const classes = Math.max(2, groups);
  const probabilities = FLOAT32_TRANSFORMS[groups === 1 ? "sigmoid" : "softmax"];
  const one = new Float32Array(1);
  const labels = compute(model, margins, 1, (scratch, out, at, count) => {
    for (let row = 0; row < count; row++) {
      one[0] = scratch[row] as number;
      if (groups === 1) probabilities?.(one, 1);
      const label = groups === 1 ? Number(one[0] > 0.5) : largestOf(scratch, row, groups);
      (out as BigInt64Array)[at + row] = BigInt(label);
    }
  });
  const write = compute(model, margins, classes, (scratch, out, at, count) => {
    const own = (scratch as Float32Array).subarray(0, count * groups);
    probabilities?.(own, groups);
    if (groups > 1) (out as Float32Array).set(own, at);
    else {
      for (let row = 0; row < count; row++) {
        out[at + 2 * row] = 1 - (own[row] as number);
        out[at + 2 * row + 1] = own[row] as number;
      }
    }
  });
  return [
    { name: "predict", dtype: "int64", extents: [], compute: labels },
    { name: "predict_proba", dtype: "float32", extents: [classes], compute: write },
  ];
}

/** Returns the leaf of each tree, numbered as in `pred_leaf`. */
function leafOutput({ forest }: TreeModel, runner: Runner | undefined): readonly Output[] {
  if (forest === undefined || runner === undefined || forest.trees === 0) return [];
  const { trees, ids } = forest;
  const layOut = layOutOf(forest);
  const found = new Int32Array(runner.capacity * MAX_FOUND);
  const compute: Compute = {
    unitsPerRow: 1,
    unitsPerSlice: sliceOf(costOf(forest)),
    run(source, first, count, out) {
      for (let done = 0; done < count; done += runner.capacity) {
        const many = Math.min(runner.capacity, count - done);
        layOut(source, first + done, many, runner.rows);
        for (let tree = 0; tree < trees; tree += MAX_FOUND) {
          const width = Math.min(MAX_FOUND, trees - tree);
          runner.find(many, tree, width, found);
          for (let row = 0; row < many; row++) {
            const at = (first + done + row) * trees + tree;
            for (let i = 0; i < width; i++) {
              out[at + i] = ids[found[row * width + i] as number] as number;
            }
          }
        }
      }
    },
  };
  return [{ name: "leaf", dtype: "int32", extents: [trees], compute }];
}

function contributionsOutput(model: TreeModel): readonly Output[] {
  const compute = contributionsOf(model);
  if (compute === undefined) return [];
  const extents = [...groupsOf(model), model.features + 1];
  return [{ name: "contributions", dtype: floatOf(model), extents, compute }];
}
