import { integer, text, toggle } from "./flags.js";

/** The flags of the command `serving-kit`: names and meanings of `tensorflow_model_server`. */
export const serverFlags = {
  rest_api_port: integer(
    "port",
    8501,
    [0, 65_535],
    "The port of the REST API; 0 takes any free one.",
  ),
  model_name: text("name", "default", "The name of the model in --model_base_path."),
  model_base_path: text(
    "folder",
    undefined,
    "The folder whose subfolders named by numbers are the versions of the model.",
  ),
  model_config_file: text(
    "file",
    undefined,
    "A ModelServerConfig in protobuf's text format, for more than one model. --model_name and " +
      "--model_base_path are then ignored.",
  ),
  enable_batching: toggle(
    false,
    "Runs requests that arrive at about the same time as one batch, for models that allow it.",
  ),
  batching_parameters_file: text(
    "file",
    undefined,
    "BatchingParameters in protobuf's text format or in JSON. Without it batches grow by themselves " +
      "while others run. Needs --enable_batching.",
  ),
  enable_per_model_batching_parameters: toggle(
    false,
    "Batches each version as batching_params.pbtxt in its folder says, and not at all without that " +
      "file. --batching_parameters_file then gives only the number of threads. Needs --enable_batching.",
  ),
  version: toggle(false, "Prints the version and ends."),
  help: toggle(false, "Prints this text and ends."),
};
