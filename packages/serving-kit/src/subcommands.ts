import { errors } from "./errors.js";
import { nearest } from "./flags.js";
import type { Subcommand } from "./subcommand.js";

/** The subcommands by name, in the order of `--help`. Each is imported only when it is called. */
export const subcommands: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Subcommand> }>
> = {
  demo: {
    summary: "Serves an example model that recognizes digits, and shows how to call it.",
    load: async () => (await import("./subcommands/demo.js")).demo(),
  },
  install: {
    summary: "Installs a library that models need, such as libtensorflow for SavedModels.",
    load: async () => (await import("./subcommands/install.js")).install(),
  },
  doctor: {
    summary: "Reports which libraries are found, whether they open, and how to fix them.",
    load: async () => (await import("./subcommands/doctor.js")).doctor(),
  },
  inspect: {
    summary: "Prints the signatures of a model.",
    load: async () => (await import("./subcommands/inspect.js")).inspect(),
  },
  types: {
    summary: "Writes TypeScript types for the signatures of a model.",
    load: async () => (await import("./subcommands/types.js")).types(),
  },
  pull: {
    summary: "Fetches a version from a bucket into a folder.",
    load: async () => (await import("./subcommands/pull.js")).pull(),
  },
  tune: {
    summary: "Measures a model with many batching configurations and prints the best one.",
    load: async () => (await import("./subcommands/tune.js")).tune(),
  },
  "compare-engines": {
    summary:
      "Measures one model in several formats, such as SavedModel, .tflite and .onnx, side by side.",
    load: async () => (await import("./subcommands/compare-engines.js")).compareEngines(),
  },
};

/** Returns whether a word is the name of a subcommand. */
export const isSubcommand = (word: string): boolean => Object.hasOwn(subcommands, word);

/**
 * Returns the subcommand with a name.
 *
 * @throws ServingError INVALID_ARGUMENT / SUBCOMMAND_UNKNOWN that suggests the nearest.
 */
export async function findSubcommand(name: string): Promise<Subcommand> {
  const found = isSubcommand(name) ? subcommands[name] : undefined;
  const names = Object.keys(subcommands);
  if (found === undefined) throw errors.subcommandUnknown(name, nearest(name, names), names);
  return found.load();
}
