import { describeFlags } from "./flags.js";
import { serverFlagGroups } from "./server-flags.js";
import { subcommands } from "./subcommands.js";

/** The text of `serving-kit --help`: usage, commands, and the flags of the server. */
export function helpText(): string {
  return [
    "Serves models over TF Serving's REST and gRPC APIs: SavedModels, .tflite, ONNX, XGBoost, LightGBM, Python.",
    "",
    "Usage: serving-kit models/digits [flags]    serves a model, or a folder of numbered versions",
    "       serving-kit --model_name=digits --model_base_path=/models/digits    the same, with TF Serving's flags",
    "       serving-kit <command>    serving-kit help <command> lists its flags",
    "",
    "Write flags as --flag=value or --flag value. Flags without a value below are on or off:",
    "--flag or --flag=true, --flag=false.",
    "",
    "Commands:",
    ...Object.entries(subcommands).map(([name, { summary }]) => `  ${name}\n      ${summary}`),
    "",
    ...Object.entries(serverFlagGroups).map(
      ([title, table]) => `${title}:\n${describeFlags(table)}`,
    ),
  ].join("\n");
}
