import { messageOf } from "@serving-kit/core";
import { errors } from "./errors.js";

/**
 * Calls `read` and returns its result. `read` may decode any part of a graph: functions and attributes are decoded
 * lazily, so that damage in them is only found then.
 *
 * @throws ServingError DATA_LOSS / SAVED_MODEL_INVALID with the folder `path` if `read` throws.
 */
export function readGraph<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw errors.savedModelInvalid(path, `its graph: ${messageOf(error)}`, error);
  }
}
