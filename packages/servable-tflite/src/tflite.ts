import { stat } from "node:fs/promises";
import { RAM_BYTES } from "@serving-kit/core";
import { definePlatform, type Platform } from "@serving-kit/inference";
import { findModel } from "./find-model.js";
import { defaultInterpreters, loadModel } from "./load-model.js";
import { readModelFile } from "./model-file.js";
import { checkOptions, type TfliteOptions } from "./options.js";
import { readWholeFile } from "./read-file.js";

/** An interpreter holds at most its own copy of the weights, packed, and a margin for activations. */
const BYTES_PER_FILE_BYTE = 1.2;

const platform = definePlatform<TfliteOptions>({
  name: "tflite",

  load: ({ path, options, signal }) => loadModel(path, options, signal),

  accepts: (path) =>
    findModel(path).then(
      () => true,
      () => false,
    ),

  async isComplete(path) {
    try {
      readModelFile(await readWholeFile(await findModel(path)));
      return true;
    } catch {
      return false;
    }
  },

  async estimateResources({ path, sizeBytes }) {
    const bytes = sizeBytes ?? (await stat(await findModel(path))).size;
    const copies = 1 + defaultInterpreters();
    return { [RAM_BYTES]: Math.ceil(BYTES_PER_FILE_BYTE * bytes * copies) };
  },
});

/**
 * The platform of `.tflite` models: `source.pipe(tflite())`.
 *
 * A version is a folder with `model.tflite` or one `*.tflite`, or the file itself. The file is read
 * into memory, so what happens to it later does not matter to a loaded version.
 *
 * @throws TypeError for a wrong option, with its name, what was expected and what was given.
 */
export function tflite(options: TfliteOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}
