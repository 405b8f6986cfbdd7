import { UnsupportedError } from "../document/fields.js";
import type { Transform } from "../tree-model.js";

/** Objectives whose prediction equals the raw score. */
const IDENTITY = [
  ...["regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"],
  ...["custom", "none"],
];
const EXPONENTIAL = ["poisson", "gamma", "tweedie"];

/** Reads the line `objective`: a name and parameters such as `sigmoid:1`. */
export function transformOf(words: readonly string[]): Transform {
  const [name = "none", ...parameters] = words;
  if (name === "regression") {
    return { kind: parameters.includes("sqrt") ? "signedSquare" : "identity" };
  }
  if (IDENTITY.includes(name)) return { kind: "identity" };
  if (EXPONENTIAL.includes(name)) return { kind: "exp" };
  if (name === "binary" || name === "multiclassova") {
    return { kind: "sigmoid", scale: sigmoidOf(parameters) };
  }
  if (name === "cross_entropy") return { kind: "sigmoid" };
  if (name === "cross_entropy_lambda") return { kind: "softplus" };
  if (name === "multiclass") return { kind: "softmax" };
  throw new UnsupportedError(`its objective "${name.slice(0, 80)}" is not known to this version`);
}

function sigmoidOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith("sigmoid:"));
  return text === undefined ? 1 : Number(text.slice("sigmoid:".length)) || 1;
}
