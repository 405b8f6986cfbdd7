import { Fields, UnsupportedError } from "../document/fields.js";
import { parseJson } from "../document/json.js";
import { DocumentError, type DocumentValue } from "../document/value.js";
import type { Forest } from "../forest/forest.js";
import { ForestBuilder } from "../forest/forest-builder.js";
import type { LinearModel, ReadOptions, TreeModel } from "../tree-model.js";
import { OBJECTIVES, type Objective } from "./objectives.js";
import { readCategories } from "./read-categories.js";
import { LeafVectors, readTree } from "./read-tree.js";

const LEARNER_KEYS = [
  ...["attributes", "feature_names", "feature_types", "gradient_booster"],
  ...["learner_model_param", "objective"],
];
const MODEL_KEYS = ["cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees"];
const PARAM_KEYS = ["base_score", "boost_from_average", "num_class", "num_feature", "num_target"];

const MAX_FEATURES = 2 ** 31 - 1;
/** A leaf refers to its vector by an index, which is a float32. */
const MAX_VECTORS = 2 ** 24;

/** Facts that several parts of a file need. */
interface Learner {
  readonly features: number;
  readonly groups: number;
  readonly options: ReadOptions;
  readonly bestIteration: number | undefined;
}

interface Booster {
  readonly forest?: Forest;
  readonly linear?: LinearModel;
  readonly categories?: TreeModel["categories"];
  readonly rounds: TreeModel["rounds"];
}

/**
 * Reads the document of a model that XGBoost 1.7 to 3.x saved. Yields now and then.
 *
 * @param length The length of the file in bytes: an upper bound for its sizes.
 * @throws DocumentError for an invalid document, UnsupportedError for unknown keys and objectives.
 */
export function* readModel(
  document: DocumentValue,
  length: number,
  options: ReadOptions,
): Generator<void, TreeModel> {
  const file = new Fields(document, "the file");
  file.expectKeys(["learner", "version"]);
  const version = Array.from(file.numbers("version")).join(".");
  const learner = file.object("learner");
  learner.expectKeys(LEARNER_KEYS);
  const param = learner.object("learner_model_param");
  param.expectKeys(PARAM_KEYS);
  const name = learner.object("objective").string("name");
  const objective = OBJECTIVES.get(name);
  if (objective === undefined) {
    throw new UnsupportedError(`its objective "${name.slice(0, 80)}" is not known to this version`);
  }
  const features = param.integer("num_feature", 0, MAX_FEATURES);
  const classes = param.integer("num_class", 0, length);
  const targets = param.has("num_target") ? param.integer("num_target", 0, length) : 1;
  const groups = Math.max(classes, targets, 1);
  const attributes = readAttributes(learner);
  const facts: Learner = { features, groups, options, bestIteration: attributes.bestIteration };
  const gradientBooster = learner.object("gradient_booster");
  const booster = gradientBooster.string("name");
  const { rounds, forest, linear, categories } = yield* readBooster(gradientBooster, facts);
  return {
    library: "xgboost",
    ...{ version, booster, features, groups, rounds, forest, linear, categories, ...attributes },
    objective: name,
    featureNames: readNames(learner, features),
    categoryFeatures: categoryFeatures(learner),
    base: baseOf(param.string("base_score"), groups, objective),
    divisor: 1,
    transform: { kind: objective.transform },
  };
}

function* readBooster(fields: Fields, learner: Learner): Generator<void, Booster> {
  const name = fields.string("name");
  if (name === "gblinear") {
    fields.expectKeys(["model", "name"]);
    return readLinear(fields.object("model"), learner);
  }
  if (name !== "gbtree" && name !== "dart") {
    throw new UnsupportedError(`its booster "${name.slice(0, 80)}" is not known to this version`);
  }
  const isDart = name === "dart";
  fields.expectKeys(isDart ? ["gbtree", "name", "weight_drop"] : ["model", "name"]);
  const gbtree = isDart ? fields.object("gbtree") : fields;
  const model = gbtree.object("model");
  const booster = yield* readTrees(model, learner);
  if (!isDart || booster.forest === undefined) return booster;
  const trees = model.list("trees").length;
  const drop = fields.numbers("weight_drop", trees);
  const weights = new Float32Array(new SharedArrayBuffer(4 * booster.forest.trees));
  for (let i = 0; i < weights.length; i++) weights[i] = drop[i] as number;
  return { ...booster, forest: { ...booster.forest, weights } };
}

function* readTrees(model: Fields, learner: Learner): Generator<void, Booster> {
  model.expectKeys(MODEL_KEYS);
  const param = model.object("gbtree_model_param");
  param.expectKeys(["num_parallel_tree", "num_trees", "size_leaf_vector"]);
  const trees = model.list("trees");
  const count = param.integer("num_trees", 0, trees.length);
  if (count !== trees.length) {
    throw new DocumentError(`${model.place}: expected ${count} trees; got ${trees.length}`);
  }
  const info = model.numbers("tree_info", count);
  const vectors = vectorsOf(model, learner);
  const { features, groups } = learner;
  if (count > 0 && !vectors && groups > count) {
    throw new DocumentError(
      `${count} trees cannot have ${groups} outputs: expected one or more for each`,
    );
  }
  const parallel = param.has("num_parallel_tree")
    ? param.integer("num_parallel_tree", 1, 2 ** 31)
    : 1;
  const { used, rounds } = usedTrees(model, count, parallel * (vectors ? 1 : groups), learner);
  const builder = new ForestBuilder({ features, groups, layout: "packed" });
  for (let i = 0; i < used; i++) {
    const tree = model.element("trees", i);
    yield* builder.add(readTree(tree, `tree ${i}`, vectors ? 0 : (info[i] as number), vectors));
    yield;
  }
  if (vectors && builder.nodes > MAX_VECTORS) {
    throw new UnsupportedError(`its trees have more than ${MAX_VECTORS} nodes with vectors`);
  }
  const forest = yield* builder.build();
  const categories = model.has("cats") ? readCategories(model.object("cats"), features) : undefined;
  return {
    rounds,
    forest: { ...forest, ...(vectors && { leafVectors: vectors.shared() }) },
    ...(categories && { categories }),
  };
}

/** Returns the vectors of leaves, if the trees have them. All have the same size. */
function vectorsOf(model: Fields, { groups }: Learner): LeafVectors | undefined {
  let size = 0;
  for (let i = 0; i < model.list("trees").length; i++) {
    const param = model.element("trees", i).object("tree_param");
    const own = param.has("size_leaf_vector")
      ? Math.max(1, param.integer("size_leaf_vector", 0, 2 ** 31))
      : 1;
    if (size !== 0 && own !== size) {
      throw new DocumentError(`tree ${i}: expected leaves of ${size} outputs; got ${own}`);
    }
    size = own;
  }
  if (size <= 1) return undefined;
  if (size === groups) return new LeafVectors(size);
  throw new DocumentError(`leaves have ${size} outputs; the model has ${groups}`);
}

/** Returns the number of trees that are used: those up to the best round, unless all are requested. */
function usedTrees(
  model: Fields,
  count: number,
  perRound: number,
  { bestIteration, options }: Learner,
): { used: number; rounds: TreeModel["rounds"] } {
  const ends = model.has("iteration_indptr") ? model.numbers("iteration_indptr") : undefined;
  const inFile = ends ? Math.max(0, ends.length - 1) : Math.ceil(count / perRound);
  const isAll = options.allRounds || bestIteration === undefined || bestIteration >= inFile;
  const rounds = { inFile, used: isAll ? inFile : bestIteration + 1 };
  if (isAll) return { used: count, rounds };
  const used = ends ? (ends[bestIteration + 1] as number) : (bestIteration + 1) * perRound;
  if (!(Number.isInteger(used) && used >= 0 && used <= count)) {
    throw new DocumentError(`${model.place}.iteration_indptr: ${used} of ${count} trees are used`);
  }
  return { used, rounds };
}

function readLinear(model: Fields, { features, groups }: Learner): Booster {
  model.expectKeys(["boosted_rounds", "param", "weights"]);
  const weights = model.numbers("weights", (features + 1) * groups);
  const shared = new Float32Array(new SharedArrayBuffer(4 * weights.length));
  for (let i = 0; i < shared.length; i++) shared[i] = weights[i] as number;
  const inFile = model.has("boosted_rounds") ? model.integer("boosted_rounds", 0, 2 ** 31) : 0;
  return { linear: { weights: shared }, rounds: { inFile, used: inFile } };
}

function readNames(learner: Fields, features: number): readonly string[] | undefined {
  if (!learner.has("feature_names")) return undefined;
  const names = learner.strings("feature_names");
  if (names.length === 0) return undefined;
  if (names.length !== features) {
    throw new DocumentError(
      `${learner.place}.feature_names: expected ${features} names; got ${names.length}`,
    );
  }
  return names;
}

function categoryFeatures(learner: Fields): readonly number[] {
  if (!learner.has("feature_types")) return [];
  return learner.strings("feature_types").flatMap((type, i) => (type === "c" ? [i] : []));
}

/** Reads `best_iteration`, and whether scikit-learn's classifier saved the model. */
function readAttributes(learner: Fields): { bestIteration?: number; isClassifier: boolean } {
  if (!learner.has("attributes")) return { isClassifier: false };
  const attributes = learner.object("attributes");
  const best = attributes.has("best_iteration")
    ? attributes.integer("best_iteration", 0, 2 ** 31)
    : undefined;
  return {
    ...(best !== undefined && { bestIteration: best }),
    isClassifier: attributes.has("scikit_learn") && isClassifier(attributes.string("scikit_learn")),
  };
}

function isClassifier(text: string): boolean {
  try {
    // XGBoost 1.7 writes all parameters here, with NaN.
    const value = parseJson(text) as { _estimator_type?: unknown } | null;
    return value?._estimator_type === "classifier";
  } catch {
    return false;
  }
}

/** Returns the initial margin of each output: one `base_score` for all, or a list in brackets. */
function baseOf(text: string, groups: number, { toMargin }: Objective): Float64Array {
  const list = /^\[(.*)\]$/.exec(text.trim())?.[1] ?? text;
  const scores = list.split(",").map((score) => (score.trim() === "" ? Number.NaN : Number(score)));
  if ((scores.length !== 1 && scores.length !== groups) || scores.some(Number.isNaN)) {
    throw new DocumentError(
      `learner_model_param.base_score: expected 1 or ${groups} numbers; got ${text.slice(0, 80)}`,
    );
  }
  return Float64Array.from({ length: groups }, (_, i) =>
    toMargin(Math.fround(scores[scores.length === 1 ? 0 : i] as number)),
  );
}
