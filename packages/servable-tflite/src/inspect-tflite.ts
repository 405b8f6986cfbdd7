import type { TfliteInspection } from "./inspect-file.js";

/**
 * Reads the signatures, the state and the requirements of a `.tflite` file, or of the one in a folder. Needs
 * no library.
 *
 * @throws ServingError NOT_FOUND / MODEL_FILE_MISSING, DATA_LOSS / MODEL_FILE_INVALID, UNIMPLEMENTED /
 * MODEL_UNSUPPORTED.
 */
export async function inspectTflite(folderOrFile: string): Promise<TfliteInspection> {
  const { inspectFile } = await import("./models.js");
  return inspectFile(folderOrFile);
}
