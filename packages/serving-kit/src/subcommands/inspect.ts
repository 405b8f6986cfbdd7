import { silentLogger } from "@serving-kit/core";
import { type BuiltIns, builtIns } from "../built-ins.js";
import { configuredFlags, configuredModel } from "../configured-model.js";
import { fetchModel, isRemoteUri } from "../fetch-model.js";
import { inFlagWords } from "../flag-words.js";
import { findModel } from "../model-path.js";
import { loadPlatforms } from "../platforms/load-platforms.js";
import { pluginFlags, withPlugins } from "../plugins.js";
import { showProgress } from "../progress.js";
import { storageFlags } from "../server-flags/model-flags.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** `serving-kit inspect PATH`: the description of a model by its platform. */
export function inspect({ platforms: rows }: Pick<BuiltIns, "platforms"> = builtIns): Subcommand {
  return defineSubcommand({
    usage: "inspect /models/digits",
    description:
      "Prints the signatures of a model with the names, dtypes and shapes of their tensors. The model is a\n" +
      "SavedModel, a .tflite or .onnx file, an XGBoost or LightGBM model, or the newest version in a base path.\n" +
      "For tree models it also prints the number of trees, depth, features, categories and best iteration. For a\n" +
      ".tflite file it also prints the operators and state, the runtime it needs, the runtime that would run it and\n" +
      "why, unchecked operands, and how much of it XNNPACK would run. Needs no library.",
    operands: ["path"],
    flags: { ...pluginFlags, ...configuredFlags, model_cache_dir: storageFlags.model_cache_dir },
    async run({ operands: [operand = ""], flags }, { stdout, stderr, signal }) {
      using progress = showProgress(stderr);
      const { basePath: path, processing = {} } = await configuredModel(
        operand,
        flags.model_config_file,
      );
      const platforms = await loadPlatforms(await withPlugins(rows, flags.plugins));
      const { model_cache_dir: dir } = flags;
      const modelCache = dir === "" ? {} : { dir };
      const options = { modelCache, logger: silentLogger, signal, progress };
      const fetched = isRemoteUri(path) ? await fetchModel(path, options) : undefined;
      await using _lease = fetched?.lease;
      progress[Symbol.dispose]();
      const { platform, path: found } = await findModel(fetched?.lease.path ?? path, platforms);
      const { description } = (await platform.inspect?.(found)) ?? {
        description: `${found}: model of the platform ${platform.platformName}`,
      };
      const steps = Object.entries(processing).map(
        ([place, step]) => `  processing ${place}: ${JSON.stringify(step)}`,
      );
      stdout.write(`${[inFlagWords(description), ...steps].join("\n")}\n`);
      return 0;
    },
  });
}
