/**
 * Serves gradient-boosted tree models of XGBoost and LightGBM without their libraries.
 *
 * @packageDocumentation
 */
export { errors as treeErrors } from "./errors.js";
export { lightgbm } from "./lightgbm.js";
export type { TreeOptions } from "./options.js";
export { xgboost } from "./xgboost.js";
