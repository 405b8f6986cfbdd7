import { isServingError } from "@serving-kit/core";
import { ReadHandover, readWholeFile } from "@serving-kit/inference";
import { type ParsedModelFile, readModelFile } from "./model-file.js";

/** A .tflite file in memory; parsed if it was checked and the kit can serve it. */
export interface ReadModel {
  readonly bytes: Uint8Array;
  readonly parsed?: ParsedModelFile;
}

const handover = new ReadHandover<ReadModel>();

/**
 * Reads and parses a file, and keeps it for the load. If the model cannot be served, loading rejects it.
 *
 * @throws Error of the file system, or of the parser if the file is truncated or damaged.
 */
export async function readAndParse(path: string): Promise<void> {
  await handover.readAndKeep(path, async () => {
    const bytes = await readWholeFile(path);
    try {
      return { bytes, parsed: readModelFile(bytes) };
    } catch (error) {
      if (isServingError(error)) return { bytes };
      throw error;
    }
  });
}

/** Reads a file, unless `readAndParse` has read its current state. */
export async function readModel(path: string, signal?: AbortSignal): Promise<ReadModel> {
  const kept = await handover.take(path);
  signal?.throwIfAborted();
  return kept ?? { bytes: await readWholeFile(path, signal) };
}
