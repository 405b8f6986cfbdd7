import { silentLogger, systemClock } from "@serving-kit/core";
import { formatSignature, formatVerdict, type ModelInspection } from "@serving-kit/inference";
import { LIBRARIES } from "./find-model.js";
import { openModel } from "./open-model.js";
import type { TreeOptions } from "./options.js";
import { readModel } from "./read-model.js";
import type { Library, TreeModel } from "./tree-model.js";

/** Maximum number of feature names that are listed. */
const MAX_LISTED = 20;

/** Describes the model of a library at a path: its trees, its features, its signatures. */
export async function inspectModel(
  library: Library,
  path: string,
  options: TreeOptions,
): Promise<ModelInspection> {
  const { allRounds = false } = options;
  const { model, path: file, bytes } = await readModel(library, path, { allRounds });
  const services = { clock: systemClock, logger: silentLogger };
  await using predictor = openModel(model, model.forest, options, services);
  const lines = [
    `${file}: ${LIBRARIES[library].title} model of ${bytes} bytes, format ${model.version}`,
    ...treesOf(model),
    ...featuresOf(model),
    ...[...predictor.signatures].flatMap(([name, signature]) => formatSignature(name, signature)),
    ...Array.from(predictor.signatures.keys(), (name) =>
      formatVerdict(name, predictor.rowsAreIndependent()),
    ),
  ];
  return { description: [path === file ? [] : [path], lines].flat().join("\n"), problems: [] };
}

function treesOf(model: TreeModel): string[] {
  const { booster, objective, groups, forest, rounds, bestIteration } = model;
  const shape =
    forest === undefined
      ? "a linear function"
      : `${forest.trees} trees, depth ${largest(forest.depths)}, ${forest.ids.length} nodes`;
  return [
    `booster ${booster}, objective ${objective}, ${groups} ${groups === 1 ? "output" : "outputs"}`,
    `${shape}; ${rounds.used} of ${rounds.inFile} rounds are used`,
    ...(bestIteration === undefined ? [] : [`best iteration ${bestIteration}`]),
    ...(model.isClassifier ? ["saved by a classifier of scikit-learn's interface"] : []),
  ];
}

function featuresOf(model: TreeModel): string[] {
  const { features, featureNames, categories, categoryFeatures, forest } = model;
  const used = forest === undefined ? "" : `, ${forest.used.length} of them used`;
  const nameOf = (feature: number) => featureNames?.[feature] ?? `${feature}`;
  const names = featureNames === undefined ? "without names" : listOf(featureNames);
  return [
    `${features} features${used}: ${names}`,
    ...(categoryFeatures.length > 0
      ? [`categories: ${listOf([...categoryFeatures].map(nameOf))}`]
      : []),
    ...(categories ?? []).flatMap((own, feature) =>
      own ? [`  ${nameOf(feature)}: ${listOf(own.map((one) => JSON.stringify(one)))}`] : [],
    ),
  ];
}

const largest = (numbers: Int32Array) => numbers.reduce((max, one) => Math.max(max, one), 0);

function listOf(words: readonly string[]): string {
  const shown = words.slice(0, MAX_LISTED).join(", ");
  return words.length > MAX_LISTED ? `${shown}, and ${words.length - MAX_LISTED} more` : shown;
}
