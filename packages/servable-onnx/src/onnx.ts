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
import { findModel, hasModelFile } from "./find-model.js";
import { examineOnnxRuntime } from "./library-report.js";
import { CACHED_FOLDER, LIBRARY_VARIABLE, openOnnxRuntime } from "./native/library.js";
import { checkOptions, type OnnxOptions, PLATFORM_NAME } from "./options.js";

/** While a session is created, memory holds the file, the parsed weights and the packed weights. */
const BYTES_PER_FILE_BYTE = 3;

const CANARY: PlatformCanary = { module: canaryModule, timeoutMs: 60_000 };

const platform = definePlatform<OnnxOptions>({
  name: PLATFORM_NAME,
  keepsContract: true,

  // The other modules are imported while the library is opened, which shortens the start of a process.
  async load({ path, options, own, ...context }) {
    const chosen = optionsOfModel(options, ownOptions(own, PLATFORM_NAME), checkOptions);
    const opening = openOnnxRuntime(chosen.library);
    opening.catch(() => {}); // reported by loadModel
    const { loadModel } = await import("./models.js");
    return loadModel(path, chosen, { ...context, opening });
  },

  async attach(token, services) {
    const { attachModel } = await import("./models.js");
    return attachModel(token, services);
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

  models: "ONNX models",

  files: "an .onnx file, a folder with one",

  async inspect(path, options) {
    const { inspectModel } = await import("./models.js");
    return inspectModel(path, options);
  },

  libraryReport: ({ library, signal }, options) =>
    examineOnnxRuntime(library ?? options.library, signal),

  async install(request) {
    const { installOnnxRuntime } = await import("./install/install-onnx-runtime.js");
    const places = { cachedFolder: CACHED_FOLDER, variable: LIBRARY_VARIABLE };
    return installOnnxRuntime(places, request);
  },

  async estimateResources({ path, sizeBytes }, { file }) {
    const bytes = sizeBytes ?? (await gatedFiles.stat(await findModel(path, file))).size;
    return { [RAM_BYTES]: Math.ceil(BYTES_PER_FILE_BYTE * bytes) };
  },
});

/**
 * The platform of ONNX models: `source.pipe(onnx())`.
 *
 * A version is a folder with `model.onnx` or one `*.onnx`, or the file itself. Threads that attach to a predictor run
 * the same session. It needs the library of ONNX Runtime, which is opened with the first model: see `libraryReport`.
 *
 * @throws TypeError for a wrong option, with its name, what was expected and what was received.
 *
 * @example
 * ```ts
 * const model = await loadModel("models/iris", { platform: onnx({ file: "iris.onnx" }) });
 * ```
 */
export function onnx(options: OnnxOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}
