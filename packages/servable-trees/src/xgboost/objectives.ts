import type { Transform } from "../tree-model.js";

const { fround } = Math;

/** The functions of an objective: margins to predictions, and the file's `base_score` to a margin. */
export interface Objective {
  readonly transform: Transform["kind"];
  readonly toMargin: (baseScore: number) => number;
}

const same = (score: number) => score;
/** `-logf(1 / score - 1)`, in float32. */
const logit = (score: number) => fround(-Math.log(fround(fround(1 / score) - 1)));
const log = (score: number) => fround(Math.log(score));

const identity: Objective = { transform: "identity", toMargin: same };
const logistic: Objective = { transform: "sigmoid", toMargin: logit };
const exponential: Objective = { transform: "exp", toMargin: log };

/** The objectives of XGBoost 1.7 to 3.x. */
export const OBJECTIVES: ReadonlyMap<string, Objective> = new Map([
  ["reg:squarederror", identity],
  ["reg:linear", identity],
  ["reg:squaredlogerror", identity],
  ["reg:pseudohubererror", identity],
  ["reg:absoluteerror", identity],
  ["reg:quantileerror", identity],
  ["reg:expectileerror", identity],
  ["rank:pairwise", identity],
  ["rank:ndcg", identity],
  ["rank:map", identity],
  ["reg:logistic", logistic],
  ["binary:logistic", logistic],
  ["binary:logitraw", identity],
  ["binary:hinge", { transform: "step", toMargin: same }],
  ["multi:softmax", { transform: "argmax", toMargin: same }],
  ["multi:softprob", { transform: "softmax", toMargin: same }],
  ["count:poisson", exponential],
  ["reg:gamma", exponential],
  ["reg:tweedie", exponential],
  ["survival:aft", exponential],
  ["survival:cox", exponential],
]);
