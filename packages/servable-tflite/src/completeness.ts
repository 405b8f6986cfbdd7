import {
  COMPLETE,
  type Completeness,
  incomplete,
  isServingError,
  messageOf,
} from "@serving-kit/core";
import { explainMissingModel } from "@serving-kit/inference";
import { findModel } from "./find-model.js";
import { readAndParse } from "./read-model.js";

/**
 * Returns whether the `.tflite` file at a path, or in its folder, is complete and readable. Loading reports parts of
 * the model that cannot be served.
 */
export async function modelCompleteness(path: string): Promise<Completeness> {
  let file: string;
  try {
    file = await findModel(path);
  } catch (error) {
    const isMissing = isServingError(error) && error.reason === "MODEL_FILE_MISSING";
    if (!isMissing) throw error;
    const { problem, remedy } = error.details as { problem: string; remedy?: string };
    return remedy === undefined ? explainMissingModel(path, problem) : incomplete(problem, remedy);
  }
  try {
    await readAndParse(file);
    return COMPLETE;
  } catch (error) {
    return incomplete(`${file} is truncated or damaged: ${messageOf(error)}`);
  }
}
