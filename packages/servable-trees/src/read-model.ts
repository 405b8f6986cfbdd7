import { inSlices } from "@serving-kit/core";
import { ReadHandover, readWholeFile } from "@serving-kit/inference";
import { UnsupportedError } from "./document/fields.js";
import { DocumentError } from "./document/value.js";
import { errors } from "./errors.js";
import { findModel, LIBRARIES } from "./find-model.js";
import { parseModel } from "./parse-model.js";
import { readInWorker } from "./read-in-worker.js";
import type { Library, ReadOptions, TreeModel } from "./tree-model.js";

/** A JSON file that is larger is parsed in a worker thread. */
export const WORKER_BYTES = 2 ** 18;

/** How long parsing goes on before the event loop turns, in ms: it makes garbage, whose collection comes on top. */
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
 * Reads and checks the model of a library at a path. The event loop turns meanwhile.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING, DATA_LOSS / MODEL_FILE_INVALID, UNIMPLEMENTED /
 * MODEL_UNSUPPORTED with the path and what to do; the signal's reason, if it aborts.
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
    // A file that lies about its sizes can ask for more memory than there is.
    if (problem instanceof DocumentError || problem instanceof RangeError) {
      throw errors.modelFileInvalid(title, file, problem);
    }
    throw problem;
  }
}
