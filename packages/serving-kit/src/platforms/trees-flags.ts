import { errors } from "../errors.js";
import { textOrNone, toggle } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { PlatformFlags } from "./platform-row.js";

const ownFlags = {
  tree_all_rounds: toggle(
    false,
    "Uses all rounds of XGBoost models that stopped early, not only those up to best_iteration.",
  ),
  tree_missing: textOrNone(
    "number",
    "A number in the inputs of XGBoost and LightGBM models that means a missing value, besides NaN, such as -999.",
  ),
  tree_input_name: textOrNone(
    "name",
    "The input name of XGBoost and LightGBM models. Default: input. Clients of Triton's FIL expect input__0.",
  ),
  tree_output_name: textOrNone(
    "name",
    "The output name of XGBoost and LightGBM models. Default: predict. Clients of Triton's FIL expect output__0.",
  ),
};

/** The flag values that `xgboost()` and `lightgbm()` are created from. */
export type TreeFlags = FlagValues<typeof ownFlags>;

/** The flags of tree models. */
export const treesFlags: PlatformFlags = {
  ownFlags,
  flagOfOption: {
    allRounds: "tree_all_rounds",
    missing: "tree_missing",
    inputName: "tree_input_name",
    outputName: "tree_output_name",
  },
  check(flags) {
    const { tree_missing: text } = flags as TreeFlags;
    if (text === "" || !Number.isNaN(Number(text))) return;
    throw errors.flagInvalid("tree_missing", "a number", JSON.stringify(text));
  },
};
