import { RAM_BYTES } from "@serving-kit/core";
import {
  definePlatform,
  gatedFiles,
  optionsOfModel,
  ownOptions,
  type Platform,
} from "@serving-kit/inference";
import { type PlatformCanary, probeInCanary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { defaultInterpreters } from "./default-interpreters.js";
import { findModel, hasModelFile } from "./find-model.js";
import { examineTflite } from "./library-report.js";
import { openTflite } from "./native/library.js";
import { checkOptions, type TfliteOptions } from "./options.js";
import { PLATFORM_NAME, sharedModelOf } from "./share.js";

/** An interpreter holds at most its own packed copy of the weights, plus a margin for activations. */
const BYTES_PER_FILE_BYTE = 1.2;

const CANARY: PlatformCanary = { module: canaryModule, timeoutMs: 60_000 };

const platform = definePlatform<TfliteOptions>({
  name: PLATFORM_NAME,
  keepsContract: true,

  // The other modules are imported while the library is opened, which shortens the start of a process.
  async load({ path, options, own, ...context }) {
    const chosen = optionsOfModel(options, ownOptions(own, PLATFORM_NAME), checkOptions);
    const opening = openTflite(chosen.library);
    opening.catch(() => {}); // reported by loadModel
    const { loadModel } = await import("./models.js");
    return loadModel(path, chosen, { ...context, opening });
  },

  async attach(shared, services) {
    const { model, options } = sharedModelOf(shared);
    const { openModel } = await import("./models.js");
    return openModel(model, options, services);
  },

  probe: async ({ options, own, ...version }) =>
    probeInCanary(
      version,
      optionsOfModel(options, ownOptions(own, PLATFORM_NAME), checkOptions),
      CANARY,
    ),

  accepts: hasModelFile,

  async isComplete(path) {
    const { modelCompleteness } = await import("./models.js");
    return modelCompleteness(path);
  },

  models: ".tflite models",

  files: "a .tflite file, a folder with one",

  async inspect(path, options) {
    const { inspectModel } = await import("./models.js");
    return inspectModel(path, options);
  },

  libraryReport: ({ library, signal }, options) =>
    examineTflite(library ?? options.library, signal),

  async estimateResources({ path, sizeBytes }, { interpreters = defaultInterpreters() }) {
    const bytes = sizeBytes ?? (await gatedFiles.stat(await findModel(path))).size;
    return { [RAM_BYTES]: Math.ceil(BYTES_PER_FILE_BYTE * bytes * (1 + interpreters)) };
  },
});

/**
 * The platform of `.tflite` models: `source.pipe(tflite())`.
 *
 * A version is a folder with `model.tflite` or one `*.tflite`, or the file itself. The file is read into memory, so
 * later changes to it do not affect a loaded version. Threads that attach to a predictor share the file in memory, and
 * have their own interpreters.
 *
 * @throws TypeError for a wrong option, with its name, what was expected and what was received.
 *
 * @example
 * ```ts
 * const digits = await loadModel("models/digits", { platform: tflite({ threads: 2 }) });
 * ```
 */
export function tflite(options: TfliteOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}
