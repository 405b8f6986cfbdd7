import {
  COMPLETE,
  type Completeness,
  incomplete,
  isServingError,
  messageOf,
} from "@serving-kit/core";
import { explainMissingModel } from "@serving-kit/inference";
import { missingExternalData } from "./external-data.js";
import { modelFiles } from "./find-model.js";
import { type ReadModel, readAndKeep } from "./read-model.js";

/**
 * Returns whether the .onnx files at a path, or in its folder, are complete and readable, and whether the files with
 * their tensors have the expected sizes. All files of a folder must be complete, because only the model's options
 * determine which file is served.
 */
export async function modelCompleteness(path: string): Promise<Completeness> {
  let files: readonly string[];
  try {
    files = await modelFiles(path);
  } catch (error) {
    const isMissing = isServingError(error) && error.reason === "MODEL_FILE_MISSING";
    if (!isMissing) throw error;
    return incomplete((error.details as { problem: string }).problem);
  }
  if (files.length === 0) return explainMissingModel(path, "the folder has no .onnx file");
  for (const file of files) {
    const problem = await problemOf(file);
    if (problem !== undefined) return incomplete(problem);
  }
  return COMPLETE;
}

async function problemOf(file: string): Promise<string | undefined> {
  let model: ReadModel;
  try {
    model = await readAndKeep(file);
  } catch (error) {
    return `${file} is truncated or damaged: ${messageOf(error)}`;
  }
  try {
    return await missingExternalData(file, model.facts);
  } catch {
    return undefined; // loading rejects it
  }
}
