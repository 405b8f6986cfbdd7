// A program that only serves does not call these functions, so their modules are loaded on the first call.
import type { inspectSavedModel as inspect } from "./inspect-saved-model.js";
import type { installTensorFlow as install } from "./install/install-tensorflow.js";
import type { readSavedModel as read } from "./saved-model.js";

/**
 * Reads a SavedModel's tags, signatures, assets and warm-up requests. Needs no library.
 *
 * @throws ServingError as `readSavedModel` does, and WARM_UP_INVALID, WARM_UP_TOO_LONG.
 */
export const inspectSavedModel: typeof inspect = async (path) =>
  (await import("./models.js")).inspectSavedModel(path);

/**
 * Downloads libtensorflow, verifies it and unpacks it into the cache folder, or into `dir`. `version` defaults to the
 * version whose checksums are known. Existing files are checked, and replaced if they are damaged.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with the steps to install by hand; the signal's reason.
 */
export const installTensorFlow: typeof install = async (options) =>
  (await import("./install/install-tensorflow.js")).installTensorFlow(options);

/**
 * Reads the graphs of a SavedModel: tags, signatures and assets. Needs no library.
 *
 * @throws ServingError NOT_FOUND / SAVED_MODEL_MISSING if the folder has no `saved_model.pb` or `saved_model.pbtxt`;
 * DATA_LOSS / SAVED_MODEL_INVALID if that file is damaged.
 */
export const readSavedModel: typeof read = async (path) =>
  (await import("./models.js")).readSavedModel(path);
