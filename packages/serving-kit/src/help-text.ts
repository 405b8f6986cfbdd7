import { describeFlags } from "./flags.js";
import { serverFlagGroups } from "./server-flags.js";
import { subcommands } from "./subcommands.js";

/** The text of `serving-kit --help`: the ways to call the command, its commands, and the flags of the server. */
export function helpText(): string {
  return [
    "Serves models over TF Serving's REST and gRPC interfaces: SavedModels, .tflite, ONNX, XGBoost, LightGBM, Python.",
    "",
    "Usage: serving-kit models/digits [flags]    serves a model, or a folder of versions named by numbers",
    "       serving-kit --model_name=digits --model_base_path=/models/digits    the same, as TF Serving is called",
    "       serving-kit <command>    serving-kit help <command> lists its flags",
    "",
    "A flag is written --flag=value or --flag value. One that is shown without a value is on or off:",
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
