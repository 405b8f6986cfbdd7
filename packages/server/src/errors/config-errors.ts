import { messageOf, ServingError } from "@serving-kit/core";

/** The errors of options and configuration files. */
export const configErrors = {
  configInvalid: (problem: string) =>
    new ServingError("INVALID_ARGUMENT", "CONFIG_INVALID", problem),

  readyUnknown: (name: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "CONFIG_INVALID",
      `ready: expected names of configured models, or of models from sources; got ${JSON.stringify(name)}, but the server has no sources`,
    ),

  configFileUnreadable: (
    what:
      | "model config file"
      | "batching parameters file"
      | "SSL config file"
      | "monitoring config file"
      | "session config file"
      | "platform config file",
    path: string,
    cause: unknown,
  ) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CONFIG_FILE_UNREADABLE",
      `${what}: expected a readable file; got ${path}: ${messageOf(cause)}`,
      { cause },
    ),

  configEmptied: (path: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CONFIG_EMPTIED",
      "Cannot transition to requested config. It is only legal to transition from one ModelConfigList " +
        `to another. ${path} has no model_config_list; for no models write model_config_list {}`,
    ),

  textFormatInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "CONFIG_FILE_INVALID",
      `Invalid protobuf file: '${path}': ${problem}`,
      { cause },
    ),

  configFileInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError("INVALID_ARGUMENT", "CONFIG_FILE_INVALID", `${path}: ${problem}`, { cause }),
};
