import { type BuiltIns, builtIns } from "../built-ins.js";
import { inFlagWords } from "../flag-words.js";
import { findModel } from "../model-path.js";
import { loadPlatforms } from "../platforms/load-platforms.js";
import { pluginFlags, withPlugins } from "../plugins.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** `serving-kit inspect PATH`: the description of a model by its platform. */
export function inspect({ platforms: rows }: Pick<BuiltIns, "platforms"> = builtIns): Subcommand {
  return defineSubcommand({
    usage: "inspect /models/digits",
    description:
      "Prints the signatures of a model with the names, dtypes and shapes of their tensors: of a\n" +
      "SavedModel, a .tflite or .onnx file, a model of XGBoost or LightGBM, or the newest version in a base\n" +
      "path. Of trees also their number, depth, features, categories and best iteration; of a .tflite file its\n" +
      "operators and state, the runtime it needs, the runtime that would run it and why, operands that\n" +
      "nothing checks, and how much of it XNNPACK would run. Needs no library.",
    operands: ["path"],
    flags: pluginFlags,
    async run({ operands: [path = ""], flags }, { stdout }) {
      const platforms = await loadPlatforms(await withPlugins(rows, flags.plugins));
      const { platform, path: found } = await findModel(path, platforms);
      const { description } = (await platform.inspect?.(found)) ?? {
        description: `${found}: model of the platform ${platform.platformName}`,
      };
      stdout.write(`${inFlagWords(description)}\n`);
      return 0;
    },
  });
}
