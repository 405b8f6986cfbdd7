import type { Platform } from "@serving-kit/inference";
import { checkOptions, type TreeOptions } from "./options.js";
import { treePlatform } from "./tree-platform.js";

const platform = treePlatform("lightgbm");

/**
 * The platform for LightGBM models: `source.pipe(lightgbm())`.
 *
 * A version is a folder with `model.txt` or one other file that LightGBM saved as text, or the file itself. The
 * LightGBM library is not needed. The file is read into memory, so later changes do not affect a loaded version.
 * Threads that attach to a predictor share its trees.
 *
 * @throws TypeError for an invalid option. The message has its name, the expected value and the received value.
 *
 * @example
 * ```ts
 * const model = await loadModel("models/prices", { platform: lightgbm({ missing: -999 }) });
 * ```
 */
export function lightgbm(options: TreeOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}
