import { UnsupportedError } from "../document/fields.js";
import { DocumentError } from "../document/value.js";
import type { Forest, LinearLeaves } from "../forest/forest.js";
import { ForestBuilder } from "../forest/forest-builder.js";
import { doubles, ints } from "../forest/growable.js";
import type { Categories, TreeModel } from "../tree-model.js";
import { KeyValues } from "./key-values.js";
import { transformOf } from "./objective.js";
import { type LinearFunctions, readTree } from "./read-tree.js";

/** Versions of the format: LightGBM 2.3 to 4.x. */
const VERSIONS = ["v3", "v4"];

const HEADER_KEYS = [
  ...["tree", "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx"],
  ...["objective", "average_output", "feature_names", "monotone_constraints", "feature_infos"],
  "tree_sizes",
];

const MAX_FEATURES = 2 ** 31 - 1;
const TREE = "\nTree=";
const END = "\nend of trees";
const PANDAS = "\npandas_categorical:";
/** Matches the categories of a feature in `feature_infos`; other features have `[min:max]` or `none`. */
const CATEGORY_INFO = /^-?\d+(:-?\d+)*$/;

/**
 * Reads a model that LightGBM saved as text. Yields now and then.
 *
 * @throws DocumentError for text that is not such a model, UnsupportedError for unknown keys, versions and objectives.
 */
export function* readModel(bytes: Uint8Array): Generator<void, TreeModel> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  yield;
  const end = text.indexOf(END);
  if (end === -1) throw new DocumentError('it has no line "end of trees"');
  const firstTree = text.indexOf(TREE);
  const headerEnd = firstTree === -1 || firstTree > end ? end : firstTree;
  const header = new KeyValues(text.slice(0, headerEnd), "the header");
  header.expectKeys(HEADER_KEYS);
  const version = header.string("version");
  if (!VERSIONS.includes(version)) {
    throw new UnsupportedError(
      `its format is ${version.slice(0, 80)}; this version knows ${VERSIONS.join(", ")}`,
    );
  }
  const sizes = header.has("tree_sizes") ? header.numbers("tree_sizes") : new Float64Array(0);
  const groups = header.integer("num_tree_per_iteration", 1, Math.max(1, sizes.length));
  const features = header.integer("max_feature_idx", -1, MAX_FEATURES - 1) + 1;
  const trees = yield* readTrees(text.slice(headerEnd, end + 1), {
    ...{ features, groups },
    count: sizes.length,
  });
  const rounds = Math.ceil(sizes.length / groups);
  return {
    library: "lightgbm",
    ...{ version, features, groups },
    booster: header.has("average_output") ? "rf" : "gbdt",
    objective: header.has("objective") ? header.string("objective") : "none",
    featureNames: namesOf(header, features),
    categories: categoriesOf(text.slice(end), header, features),
    categoryFeatures: trees.categoryFeatures,
    base: new Float64Array(groups),
    divisor: header.has("average_output") ? Math.max(1, rounds) : 1,
    transform: transformOf(header.has("objective") ? header.words("objective") : []),
    forest: trees.forest,
    rounds: { inFile: rounds, used: rounds },
    isClassifier: false,
  };
}

interface TreesFacts {
  readonly features: number;
  readonly groups: number;
  readonly count: number;
}

function* readTrees(
  text: string,
  { features, groups, count }: TreesFacts,
): Generator<void, { forest: Forest; categoryFeatures: readonly number[] }> {
  const builder = new ForestBuilder({ features, groups, layout: "wide" });
  const linear: (LinearFunctions | undefined)[] = [];
  const categoryFeatures = new Set<number>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const head = `${TREE}${i}\n`;
    if (!text.startsWith(head, at)) {
      throw new DocumentError(`expected tree ${i} of ${count}, where its size says it is`);
    }
    const next = text.indexOf(TREE, at + head.length);
    const block = text.slice(at + head.length, next === -1 ? text.length : next);
    const tree = readTree(new KeyValues(block, `tree ${i}`), `tree ${i}`, i % groups);
    for (const feature of tree.categoryFeatures) categoryFeatures.add(feature);
    yield* builder.add(tree.source);
    linear.push(tree.linear);
    at = next === -1 ? text.length : next;
    yield;
  }
  if (at < text.trimEnd().length) throw new DocumentError(`more than ${count} trees follow`);
  const forest = yield* builder.build();
  const isLinear = linear.some((tree) => tree !== undefined);
  return {
    forest: isLinear
      ? { ...forest, cover: undefined, linearLeaves: linearLeaves(forest, linear, features) }
      : forest,
    categoryFeatures: [...categoryFeatures],
  };
}

/** Returns the linear functions by node. */
function linearLeaves(
  forest: Forest,
  trees: readonly (LinearFunctions | undefined)[],
  features: number,
): LinearLeaves {
  const [starts, own, coefficients, constants] = [ints(), ints(), doubles(), doubles()];
  const values = new Float64Array(forest.nodes.buffer);
  for (const [tree, functions] of trees.entries()) {
    const last = forest.roots[tree + 1] ?? forest.ids.length;
    for (let node = forest.roots[tree] as number; node < last; node++) {
      const leaf = forest.ids[node] as number;
      starts.push(own.length);
      constants.push(functions?.constants[leaf] ?? (values[2 * node] as number));
      if (functions === undefined || leaf < 0) continue;
      for (
        let i = functions.starts[leaf] as number;
        i < (functions.starts[leaf + 1] as number);
        i++
      ) {
        const feature = functions.features[i] as number;
        if (!(feature >= 0 && feature < features)) {
          throw new DocumentError(
            `tree ${tree}: a feature must be from 0 to ${features - 1}; got ${feature}`,
          );
        }
        own.push(feature);
        coefficients.push(functions.coefficients[i] as number);
      }
    }
  }
  starts.push(own.length);
  return {
    starts: starts.shared(),
    constants: constants.shared(),
    features: own.shared(),
    coefficients: coefficients.shared(),
  };
}

function namesOf(header: KeyValues, features: number): readonly string[] | undefined {
  if (!header.has("feature_names")) return undefined;
  const names = header.words("feature_names");
  if (names.length === features) return names;
  throw new DocumentError(
    `the header: feature_names: expected ${features} names; got ${names.length}`,
  );
}

/**
 * Returns the categories from pandas, if there is a list for each feature with categories. The lists are in the order
 * of the columns, and the file does not say which columns they belong to.
 */
function categoriesOf(
  rest: string,
  header: KeyValues,
  features: number,
): readonly (Categories | undefined)[] | undefined {
  const at = rest.indexOf(PANDAS);
  if (at === -1) return undefined;
  const end = rest.indexOf("\n", at + PANDAS.length);
  const line = rest.slice(at + PANDAS.length, end === -1 ? undefined : end);
  const lists = parseLists(line);
  const infos = header.has("feature_infos") ? header.words("feature_infos") : [];
  const own = infos.flatMap((info, i) => (CATEGORY_INFO.test(info) ? [i] : []));
  if (lists.length === 0 || own.length !== lists.length || infos.length !== features) {
    return undefined;
  }
  const categories = new Array<Categories | undefined>(features).fill(undefined);
  for (const [i, feature] of own.entries()) categories[feature] = lists[i];
  return categories;
}

function parseLists(line: string): readonly Categories[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (problem) {
    throw new DocumentError(`pandas_categorical is not JSON: ${(problem as Error).message}`);
  }
  if (!Array.isArray(value)) return [];
  const isList = (list: unknown): list is Categories =>
    Array.isArray(list) &&
    (list.every((one) => typeof one === "string") || list.every((one) => typeof one === "number"));
  return value.every(isList) ? value : [];
}
