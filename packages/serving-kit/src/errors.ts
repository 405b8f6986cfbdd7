import { messageOf, ServingError } from "@serving-kit/core";

const invalid = (reason: string, message: string, cause?: unknown) =>
  new ServingError("INVALID_ARGUMENT", reason, message, cause === undefined ? {} : { cause });

/** The errors of the command, one factory for each reason. */
export const errors = {
  flagUnknown: (flag: string, nearest: string | undefined) =>
    invalid(
      "FLAG_UNKNOWN",
      `unknown flag --${flag}${nearest === undefined ? "" : `; did you mean --${nearest}?`} (--help lists all flags)`,
    ),

  flagInvalid: (flag: string, expected: string, received: string) =>
    invalid("FLAG_INVALID", `--${flag}: expected ${expected}; got ${received}`),

  argumentUnexpected: (argument: string) =>
    invalid(
      "ARGUMENT_UNEXPECTED",
      `unexpected argument ${JSON.stringify(argument)}; flags are written --flag=value (--help lists all flags)`,
    ),

  modelsMissing: () =>
    invalid("MODELS_MISSING", "nothing to serve: give --model_base_path or --model_config_file"),

  configFileUnreadable: (path: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CONFIG_FILE_UNREADABLE",
      `--model_config_file: expected a file that can be read; got ${path}: ${messageOf(cause)}`,
      { cause },
    ),

  configFileInvalid: (path: string, problem: string, cause?: unknown) =>
    invalid("CONFIG_FILE_INVALID", `--model_config_file: ${path}: ${problem}`, cause),

  portTaken: (flag: string, port: number, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "PORT_TAKEN",
      `--${flag}: port ${port} is already in use; give another one, such as --${flag}=${port + 1}, or 0 for any free one`,
      { cause },
    ),
};
