import type { Forest } from "./forest/forest.js";

/** The library that trained a model. It is also the name of its platform. */
export type Library = "xgboost" | "lightgbm";

/** The transform of the margin (the raw score) into the prediction. */
export interface Transform {
  readonly kind:
    | "identity"
    | "sigmoid"
    | "softmax"
    | "argmax"
    | "exp"
    | "step"
    | "signedSquare"
    | "softplus";
  /** `sigmoid`: the factor of the margin. Default 1. */
  readonly scale?: number;
}

/** The named categories of a feature. The code of each category is its index. */
export type Categories = readonly string[] | readonly number[];

/** A linear model (gblinear): the weights of feature 0 for each output, those of feature 1, …, then the biases. */
export interface LinearModel {
  readonly weights: Float32Array;
}

/** The checked content of a model file. It can be posted to threads; its arrays are in shared memory. */
export interface TreeModel {
  readonly library: Library;
  /** The version of the library, or of its format, that wrote the file. */
  readonly version: string;
  /** The booster, such as `gbtree`. */
  readonly booster: string;
  readonly objective: string;
  /** The number of features of a row. */
  readonly features: number;
  /** The names of the features; absent if the file has none. */
  readonly featureNames?: readonly string[] | undefined;
  /** By feature; absent if no feature has named categories. */
  readonly categories?: readonly (Categories | undefined)[] | undefined;
  /** The features that splits use as categories. */
  readonly categoryFeatures: readonly number[];
  /** The number of outputs of a row. */
  readonly groups: number;
  /** The margin of each output before the first tree. */
  readonly base: Float64Array;
  /** The divisor of the margin before the transform (LightGBM's random forests). */
  readonly divisor: number;
  readonly transform: Transform;
  readonly forest?: Forest | undefined;
  readonly linear?: LinearModel | undefined;
  /** Number of training rounds in the file, and how many of them are used. */
  readonly rounds: { readonly inFile: number; readonly used: number };
  /** The best round of early stopping, from 0; absent if the file has none. */
  readonly bestIteration?: number | undefined;
  /** True if a classifier of scikit-learn's API saved the file. */
  readonly isClassifier: boolean;
}

/** Options for reading a file. */
export interface ReadOptions {
  /** True if all rounds are used, including those after the best one. */
  readonly allRounds: boolean;
}
