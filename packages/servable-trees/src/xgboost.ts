import type { Platform } from "@serving-kit/inference";
import { checkOptions, type TreeOptions } from "./options.js";
import { treePlatform } from "./tree-platform.js";

const platform = treePlatform("xgboost");

/**
 * The platform for XGBoost models: `source.pipe(xgboost())`.
 *
 * A version is a folder with `model.ubj`, `model.json` or one other file that XGBoost 1.7 to 3.x saved, or the file
 * itself. The XGBoost library is not needed. The file is read into memory, so later changes do not affect a loaded
 * version. Threads that attach to a predictor share its trees.
 *
 * @throws TypeError for an invalid option. The message has its name, the expected value and the received value.
 *
 * @example
 * ```ts
 * const model = await loadModel("models/prices/1/model.ubj", { platform: xgboost() });
 * ```
 */
export function xgboost(options: TreeOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}
