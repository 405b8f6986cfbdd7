import { inSlices } from "@serving-kit/core";
import { ReadHandover, readWholeFile } from "@serving-kit/inference";
import { UnsupportedError } from "./document/fields.js";
import { DocumentError } from "./document/value.js";
import { errors } from "./errors.js";
import { findModel, LIBRARIES } from "./find-model.js";
import { parseModel } from "./parse-model.js";
import { readInWorker } from "./read-in-worker.js";
import type { Library, ReadOptions, TreeModel } from "./tree-model.js";

/** Minimum size in bytes of a JSON file that is parsed in a worker thread. */
export const WORKER_BYTES = 2 ** 18;

/** Time in ms after which parsing yields to the event loop. It is short because garbage collection adds to it. */
export const SLICE_MS = 1;

/** A model that was read, and its file. */
export interface ReadModel {
  readonly model: TreeModel;
  readonly path: string;
  readonly bytes: number;
}

const handover = new ReadHandover<Uint8Array>();

/** Reads a model file to check it, and keeps the bytes for the load. */
export const readToCheck = (file: string): Promise<Uint8Array> =>
  handover.readAndKeep(file, () => readWholeFile(file));

/**
 * Reads and checks the model of a library at a path, without blocking the event loop.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING, DATA_LOSS / MODEL_FILE_INVALID, UNIMPLEMENTED /
 * MODEL_UNSUPPORTED. The message has the path and a remedy. If the signal aborts, its reason.
 */
export async function readModel(
  library: Library,
  path: string,
  options: ReadOptions,
  signal?: AbortSignal,
): Promise<ReadModel> {
  const { path: file, kind } = await findModel(library, path);
  const { title, save } = LIBRARIES[library];
  if (kind.format === "binary") {
    throw errors.modelUnsupported(file, "it is in XGBoost's old binary format", save);
  }
  try {
    const bytes = (await handover.take(file)) ?? (await readWholeFile(file, signal));
    signal?.throwIfAborted();
    const inWorker = kind.format === "json" && bytes.length > WORKER_BYTES;
    const model = await (inWorker
      ? readInWorker({ bytes, kind, options }, signal)
      : inSlices(parseModel(bytes, kind, options), () => signal?.throwIfAborted(), SLICE_MS));
    return { model, path: file, bytes: bytes.length };
  } catch (problem) {
    signal?.throwIfAborted();
    if (problem instanceof UnsupportedError) {
      const remedy = `update the kit, or ${save} of an older version`;
      throw errors.modelUnsupported(file, problem.message, remedy, problem);
    }
    // A file with wrong sizes can request more memory than is available.
    if (problem instanceof DocumentError || problem instanceof RangeError) {
      throw errors.modelFileInvalid(title, file, problem);
    }
    throw problem;
  }
}
