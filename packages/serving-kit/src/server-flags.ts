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
  version: toggle(false, "Prints the version and ends."),
  help: toggle(false, "Prints this text and ends."),
};
