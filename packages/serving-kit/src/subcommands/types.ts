import { writeFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { configuredFlags, configuredModel } from "../configured-model.js";
import { textOrNone } from "../flag-kinds.js";
import { loadModel } from "../load-model.js";
import { identifierOf, modelTypes } from "../model-types.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** `serving-kit types PATH -o FILE`: writes types for a model. */
export function types(): Subcommand {
  const command = defineSubcommand({
    usage: "types /models/digits -o digits.ts",
    description:
      "Writes the signatures of a model as a TypeScript module (JavaScript if the file ends with .js): one value\n" +
      "and its interface, without imports. Pass the value as `expects` to loadModel or createModelServer: calls are\n" +
      "then typed, and versions with other signatures are rejected. Loads the model to read its signatures; for a\n" +
      "base path, the newest version.",
    operands: ["path"],
    flags: {
      ...configuredFlags,
      output: textOrNone(
        "file",
        "The file to write; short form `-o file`. Default: prints TypeScript to stdout.",
      ),
    },
    async run({ operands: [path = ""], flags: { output, model_config_file } }, { stdout, signal }) {
      const { basePath, processing } = await configuredModel(path, model_config_file);
      const model = await loadModel(basePath, { signal, processing });
      const type = { signatures: model.signatures };
      await model.close();
      const name = identifierOf(basename(output || path, extname(output || path)));
      const isJavaScript = /\.[cm]?jsx?$/.test(output);
      const text = modelTypes(type, { path, name, isJavaScript });
      if (output === "") stdout.write(text);
      else await writeFile(output, text);
      return 0;
    },
  });
  return {
    run: (args, surroundings) => command.run(args.flatMap(longForm), surroundings),
  };
}

/** Replaces `-o file` with `--output=file`. */
function longForm(argument: string, i: number, all: readonly string[]): string[] {
  if (argument === "-o") return [`--output=${all[i + 1] ?? ""}`];
  return all[i - 1] === "-o" ? [] : [argument];
}
