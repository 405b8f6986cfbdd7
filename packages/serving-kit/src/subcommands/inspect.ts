import { builtInPlatforms } from "../built-in-platforms.js";
import { inFlagWords } from "../flag-words.js";
import { findModel } from "../model-path.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** `serving-kit inspect PATH`: the description of a model by its platform. */
export function inspect(): Subcommand {
  return defineSubcommand({
    usage: "inspect /models/digits",
    description:
      "Prints the signatures of a model with the names, dtypes and shapes of their tensors: of a\n" +
      "SavedModel, a .tflite file, or the newest version in a base path. Of a .tflite file also its\n" +
      "operators and state, the runtime it needs, the runtime that would run it and why, operands that\n" +
      "nothing checks, and how much of it XNNPACK would run. Needs no library.",
    operands: ["path"],
    flags: {},
    async run({ operands: [path = ""] }, { stdout }) {
      const { platform, path: found } = await findModel(path, builtInPlatforms());
      const description =
        (await platform.describe?.(found)) ??
        `${found}: model of the platform ${platform.platformName}`;
      stdout.write(`${inFlagWords(description)}\n`);
      return 0;
    },
  });
}
