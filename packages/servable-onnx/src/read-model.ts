import { ReadHandover, readWholeFile } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { ModelFacts } from "./file/model-facts.js";
import { readFacts } from "./file/read-facts.js";

/** An ONNX file in memory, and the facts that were read from it. */
export interface ReadModel {
  readonly bytes: Uint8Array;
  readonly facts: ModelFacts;
}

const handover = new ReadHandover<ReadModel>();

/** Reads a file and keeps it for the load. @throws Error if the file is truncated or damaged. */
export function readAndKeep(path: string): Promise<ReadModel> {
  return handover.readAndKeep(path, () => read(path));
}

/**
 * Reads a file, unless `readAndKeep` has read its current state.
 *
 * @throws ServingError DATA_LOSS / MODEL_FILE_INVALID; the signal's reason, if it aborts.
 */
export async function readModel(path: string, signal?: AbortSignal): Promise<ReadModel> {
  const kept = await handover.take(path);
  signal?.throwIfAborted();
  if (kept !== undefined) return kept;
  try {
    return await read(path, signal);
  } catch (problem) {
    signal?.throwIfAborted();
    throw errors.modelFileInvalid(path, problem);
  }
}

async function read(path: string, signal?: AbortSignal): Promise<ReadModel> {
  const bytes = await readWholeFile(path, signal);
  return { bytes, facts: readFacts(bytes) };
}
