import { messageOf } from "@serving-kit/core";
import { formatSignature } from "@serving-kit/inference";
import { runInCanary } from "@serving-kit/native-library";
import { formatInspection, inspectSavedModel } from "@serving-kit/servable-tensorflow";
import { delegationOf, describeRuntime, inspectTflite } from "@serving-kit/servable-tflite";
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
      "runtime that would run it, how much of it XNNPACK runs, and what it keeps from call to call.\n" +
      "Needs no library.",
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

/** What a call finds in the variables of a model. */
const STATES = {
  variables: "variable tensors, reset for each call unless --tflite_state=keep",
  resources: "resource variables, in a new interpreter for each call unless --tflite_state=keep",
};

/** Another process loads the model first: a file can end the process that loads it. */
async function describeDelegation(path: string): Promise<string> {
  try {
    await runInCanary({
      what: path,
      module: import.meta.resolve("@serving-kit/servable-tflite"),
      exportName: "delegationOf",
      argument: path,
      timeoutMs: LOAD_TIMEOUT_MS,
    });
    const delegation = await delegationOf(path);
    if (delegation === undefined) return "known when a call has shapes for the inputs";
    return `runs ${delegation.delegated} of ${delegation.operators} operators`;
  } catch (error) {
    return `the model does not load: ${messageOf(error)}`;
  }
}

const LOAD_TIMEOUT_MS = 60_000;

const describeSavedModel = async (path: string) => formatInspection(await inspectSavedModel(path));

async function describeTflite(folderOrFile: string): Promise<string> {
  const { path, bytes, signatures, state } = await inspectTflite(folderOrFile);
  const { opened } = await examineTflite();
  const runtime = opened ? describeRuntime(opened) : "none opens; `serving-kit doctor` says why";
  const lines = [...signatures].flatMap(([name, signature]) => formatSignature(name, signature));
  return [
    `${path}: TensorFlow Lite model of ${bytes.toLocaleString("en")} bytes`,
    `  runtime: ${runtime}`,
    ...(opened ? [`  XNNPACK: ${await describeDelegation(path)}`] : []),
    ...(state === "none" ? [] : [`  state: ${STATES[state]}`]),
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
