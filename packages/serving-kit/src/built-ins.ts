import type { Platform } from "@serving-kit/inference";
import type { AcquireDecorator, ModelProcessor, Observer, Protocol } from "@serving-kit/server";
import { filesystemProvider } from "@serving-kit/source-filesystem";
import { loadPlatforms } from "./platforms/load-platforms.js";
import { onnxFlags } from "./platforms/onnx-flags.js";
import type { PlatformRow } from "./platforms/platform-row.js";
import { pythonFlags } from "./platforms/python-flags.js";
import { tensorflowFlags } from "./platforms/tensorflow-flags.js";
import { tfliteFlags } from "./platforms/tflite-flags.js";
import { treesFlags } from "./platforms/trees-flags.js";
import { processor } from "./processor.js";
import type { PluginRow } from "./server-plugins.js";
import type { SourceRow } from "./source-rows.js";

/** The built-in plugins of the command and this package, one table for each kind. */
export interface BuiltIns {
  /**
   * The platforms, in the order in which they are tried: a folder with both a SavedModel and a `.tflite` file is a
   * SavedModel, as in TF Serving.
   */
  readonly platforms: readonly PlatformRow[];
  /** The protocols, in the order in which observers receive them. */
  readonly protocols: readonly PluginRow<Protocol>[];
  readonly observers: readonly PluginRow<Observer>[];
  /** The acquire decorators. The last one is the outermost, closest to the calls. */
  readonly acquire: readonly PluginRow<AcquireDecorator>[];
  /** The processor that applies the `processing` of models. */
  readonly processor: ModelProcessor;
  /** The sources of models other than the file system, by URI scheme. */
  readonly sourceProviders: readonly SourceRow[];
}

/** The table of all built-in plugins. To add a plugin, add a row: no other code refers to plugins by name. */
export const builtIns: BuiltIns = {
  platforms: [
    {
      name: "tensorflow",
      ...tensorflowFlags,
      load: async (setup) => (await import("./platforms/tensorflow.js")).tensorflowOf(setup),
    },
    {
      name: "tflite",
      ...tfliteFlags,
      isRequired: true, // npm installs its library with the kit
      load: async (setup) => (await import("./platforms/tflite.js")).tfliteOf(setup),
    },
    {
      name: "onnx",
      ...onnxFlags,
      load: async (setup) => (await import("./platforms/onnx.js")).onnxOf(setup),
    },
    {
      name: "xgboost",
      ...treesFlags,
      load: async (setup) => (await import("./platforms/trees.js")).xgboostOf(setup),
    },
    {
      name: "lightgbm",
      load: async (setup) => (await import("./platforms/trees.js")).lightgbmOf(setup),
    },
    {
      name: "python",
      ...pythonFlags,
      load: async (setup) => (await import("./platforms/python.js")).pythonOf(setup),
    },
  ],
  protocols: [
    {
      name: "tensorflow-serving",
      options: ["signatureMethodNameCheck", "serializeAsTensorContent"],
      async load({ signatureMethodNameCheck, serializeAsTensorContent }) {
        const { tensorflowServing } = await import("@serving-kit/protocol-tensorflow-serving");
        return tensorflowServing({ signatureMethodNameCheck, serializeAsTensorContent });
      },
    },
    {
      name: "models-page",
      async load() {
        const { modelsPage } = await import("@serving-kit/protocol-tensorflow-serving");
        return modelsPage();
      },
    },
  ],
  observers: [
    {
      name: "observability",
      options: ["metrics", "requestLog", "tracing"],
      async load({ metrics, requestLog, tracing }) {
        const { observability } = await import("@serving-kit/observability");
        return observability({ metrics, requestLog, tracing });
      },
    },
  ],
  acquire: [],
  processor,
  sourceProviders: [
    { scheme: "file", load: async () => ({ sourceProviders: filesystemProvider() }) },
    {
      scheme: "s3",
      options: ["modelCache", "readyMarker"],
      load: async (options) => {
        const { s3Models } = await import("./sources/s3-models.js");
        return { sourceProviders: s3Models(options) };
      },
    },
  ],
};

/**
 * Loads the built-in platforms with their defaults, such as `tensorflow` and `xgboost`: a folder with a SavedModel
 * and a `.tflite` file is a SavedModel, as in TF Serving. A platform's library is opened when its first model loads.
 *
 * @example
 * ```ts
 * for (const { platformName } of await builtInPlatforms()) console.log(platformName); // tensorflow, tflite, …
 * ```
 */
export const builtInPlatforms = (): Promise<readonly Platform[]> =>
  loadPlatforms(builtIns.platforms);
