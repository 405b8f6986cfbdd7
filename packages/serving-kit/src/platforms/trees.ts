import type { Platform } from "@serving-kit/inference";
import { lightgbm, type TreeOptions, xgboost } from "@serving-kit/servable-trees";
import type { PlatformSetup } from "./platform-row.js";
import type { TreeFlags } from "./trees-flags.js";

/** The platform for XGBoost models, configured from flags, or with defaults. */
export function xgboostOf(setup?: PlatformSetup): Platform {
  return xgboost(setup && treeOptionsOf(setup));
}

/** The platform for LightGBM models, configured from flags, or with defaults. */
export function lightgbmOf(setup?: PlatformSetup): Platform {
  return lightgbm(setup && treeOptionsOf(setup));
}

/** Converts flags to the options of both platforms. */
export function treeOptionsOf(setup: PlatformSetup): TreeOptions {
  const flags = setup.flags as TreeFlags;
  return {
    allRounds: flags.tree_all_rounds,
    ...(flags.tree_missing !== "" && { missing: Number(flags.tree_missing) }),
    ...(flags.tree_input_name !== "" && { inputName: flags.tree_input_name }),
    ...(flags.tree_output_name !== "" && { outputName: flags.tree_output_name }),
  };
}
