import { join } from "node:path";
import { RAM_BYTES } from "@serving-kit/core";
import { definePlatform, gatedFiles, type Platform, warmUpOf } from "@serving-kit/inference";
import { type PlatformCanary, probeInCanary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { formatInspection } from "./format-inspection.js";
import { reportPlatform } from "./library-report.js";
import { LIBRARY_VARIABLE, openTensorFlow } from "./native/library.js";
import { checkOptions, type TensorFlowOptions } from "./options.js";
import { looksLikeSavedModel } from "./saved-model-folder.js";
import { attachSavedModel, PLATFORM_NAME } from "./share.js";

/** Variables are loaded into memory in full, and the graph grows a little when it is optimized. */
const BYTES_PER_FILE_BYTE = 1.2;

/** Opening TensorFlow alone takes seconds. */
const CANARY: PlatformCanary = { module: canaryModule, timeoutMs: 120_000 };

const platform = definePlatform<TensorFlowOptions>({
  name: PLATFORM_NAME,
  keepsContract: true,
  // The file readers are imported with the first model, while the library is opened: a worker that only attaches does
  // not need them.
  async load({ path, options, own, ...context }) {
    const chosen = optionsOfModel(options, own);
    const opening = openTensorFlow(chosen.library);
    opening.catch(() => {}); // reported by loadSavedModel
    const { loadSavedModel } = await import("./models.js");
    return loadSavedModel(path, chosen, { ...context, opening });
  },
  probe: async ({ options, own, ...version }) =>
    probeInCanary(version, optionsOfModel(options, own), CANARY),
  accepts: looksLikeSavedModel,
  async isComplete(path) {
    const { savedModelCompleteness } = await import("./models.js");
    return savedModelCompleteness(path);
  },
  models: "SavedModels",
  files: "a SavedModel (a folder with saved_model.pb)",
  async inspect(path) {
    const { inspectSavedModel } = await import("./models.js");
    const inspection = await inspectSavedModel(path);
    const problems = inspection.missing === undefined ? [] : [`not whole: ${inspection.missing}`];
    return { description: formatInspection(inspection), problems };
  },
  async libraryReport({ library, signal }, options) {
    return reportPlatform(library ?? options.library, signal);
  },
  async install(request) {
    const { installTensorFlow } = await import("./install/install-tensorflow.js");
    return {
      ...(await installTensorFlow(request)),
      name: "libtensorflow",
      variable: LIBRARY_VARIABLE,
    };
  },
  attach: attachSavedModel,
  async estimateResources({ path, sizeBytes }) {
    return {
      [RAM_BYTES]: Math.ceil(BYTES_PER_FILE_BYTE * (sizeBytes ?? (await folderSize(path)))),
    };
  },
});

/** Returns the platform's options, with the model's own op libraries and warm-up. */
function optionsOfModel(
  options: TensorFlowOptions,
  own: Readonly<Record<string, unknown>> = {},
): TensorFlowOptions {
  const { opLibraries: libraries = [] } = own as Pick<TensorFlowOptions, "opLibraries">;
  const { enabled, iterations } = warmUpOf(own);
  const { warmup = "file" } = options;
  return {
    ...options,
    ...(enabled === true && { warmup: warmup === "none" ? "file" : warmup }),
    ...(enabled === false && { warmup: "none" }),
    ...(iterations !== undefined && { warmupIterations: iterations }),
    opLibraries: [...(options.opLibraries ?? []), ...libraries],
  };
}

/**
 * The platform of SavedModels: `source.pipe(tensorflow())`.
 *
 * A version is a folder with `saved_model.pb` or `saved_model.pbtxt`, of TensorFlow 1 or 2. It needs the C library of
 * TensorFlow, which is opened with the first model: see `libraryReport`.
 *
 * @throws TypeError for a wrong option, with its name, what was expected and what was received.
 *
 * @example
 * ```ts
 * const resnet = await loadModel("models/resnet", { platform: tensorflow({ intraOpThreads: 1 }) });
 * ```
 */
export function tensorflow(options: TensorFlowOptions = {}): Platform {
  checkOptions(options);
  return platform(options);
}

async function folderSize(path: string): Promise<number> {
  const entries = await gatedFiles.readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      gatedFiles.stat(join(parentPath, name)).then(({ size }) => size),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
