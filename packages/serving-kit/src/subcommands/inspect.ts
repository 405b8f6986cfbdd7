import { formatSignature } from "@serving-kit/inference";
import { formatInspection, inspectSavedModel } from "@serving-kit/servable-tensorflow";
import { describeRuntime, inspectTflite } from "@serving-kit/servable-tflite";
import { builtInPlatforms } from "../built-in-platforms.js";
import { examineTflite } from "../libraries.js";
import { findModel } from "../model-path.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

/** `serving-kit inspect PATH`: what a model says of itself, without its library. */
export function inspect(): Subcommand {
  return defineSubcommand({
    usage: "inspect /models/digits",
    description:
      "Prints the signatures of a model with the names, dtypes and shapes of their tensors: of a\n" +
      "SavedModel, a .tflite file, or the newest version in a base path. Of a .tflite file also the\n" +
      "runtime that would run it. Needs no library.",
    operands: ["path"],
    flags: {},
    async run({ operands: [path = ""] }, { stdout }) {
      const model = await findModel(path, builtInPlatforms());
      const isTflite = model.platform.platformName === "tflite";
      stdout.write(`${await (isTflite ? describeTflite : describeSavedModel)(model.path)}\n`);
      return 0;
    },
  });
}

const describeSavedModel = async (path: string) => formatInspection(await inspectSavedModel(path));

async function describeTflite(folderOrFile: string): Promise<string> {
  const { path, bytes, signatures } = await inspectTflite(folderOrFile);
  const { opened } = await examineTflite();
  const runtime = opened ? describeRuntime(opened) : "none opens; `serving-kit doctor` says why";
  const lines = [...signatures].flatMap(([name, signature]) => formatSignature(name, signature));
  return [
    `${path}: TensorFlow Lite model of ${bytes.toLocaleString("en")} bytes`,
    `  runtime: ${runtime}`,
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
