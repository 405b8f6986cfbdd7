import { messageOf, ServingError } from "@serving-kit/core";

const invalid = (reason: string, message: string) =>
  new ServingError("INVALID_ARGUMENT", reason, message);

/** The errors of the command, one factory for each reason. */
export const errors = {
  flagUnknown: (flag: string, nearest: string | undefined) =>
    invalid(
      "FLAG_UNKNOWN",
      `unknown flag --${flag}${nearest === undefined ? "" : `; did you mean --${nearest}?`} (--help lists all flags)`,
    ),

  flagInvalid: (flag: string, expected: string, received: string) =>
    invalid("FLAG_INVALID", `--${flag}: expected ${expected}; got ${received}`),

  flagRequires: (flag: string, required: string) =>
    invalid("FLAG_REQUIRES", `--${flag} has no effect without --${required}: set both or neither`),

  argumentUnexpected: (argument: string) =>
    invalid(
      "ARGUMENT_UNEXPECTED",
      `unexpected argument ${JSON.stringify(argument)}; flags are written --flag=value (--help lists all flags)`,
    ),

  argumentMissing: (name: string) =>
    invalid("ARGUMENT_MISSING", `expected an argument: ${name} (--help shows an example)`),

  argumentInvalid: (name: string, expected: string, received: string) =>
    invalid("ARGUMENT_INVALID", `${name}: expected ${expected}; got ${JSON.stringify(received)}`),

  subcommandUnknown: (name: string, nearest: string | undefined, known: readonly string[]) =>
    invalid(
      "SUBCOMMAND_UNKNOWN",
      `unknown command ${JSON.stringify(name)}${nearest === undefined ? `; expected ${known.join(", ")}, or a path to serve` : `; did you mean ${nearest}?`} (--help lists all commands and flags)`,
    ),

  modelNotConfigured: (name: string, file: string, known: readonly string[]) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_NOT_FOUND",
      `${file} has no model ${name}; expected one of ${known.join(", ") || "none"}`,
    ),

  modelNotFound: (path: string, files: readonly string[]) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_NOT_FOUND",
      `no model found at ${path}: expected ${files.join(", ")}, or a folder of numbered versions of these`,
    ),

  nothingToLoad: (path: string, problem: string) =>
    new ServingError("NOT_FOUND", "MODEL_NOT_FOUND", `no model to load at ${path}: ${problem}`),

  nothingToServe: (path: string) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_NOT_FOUND",
      `no model to serve at ${path}: no such file or folder`,
    ),

  modelsMissing: () =>
    invalid(
      "MODELS_MISSING",
      "nothing to serve: give a path, --model_base_path or --model_config_file; serving-kit demo serves an example",
    ),

  flagsConflict: (expected: string) => invalid("FLAGS_CONFLICT", `expected ${expected}`),

  pluginNotFound: (name: string, cause: unknown) =>
    new ServingError(
      "NOT_FOUND",
      "PLUGIN_NOT_FOUND",
      `--plugins: expected the path of a module, such as ./plugin.mjs, or the name of an installed package; got ${name}: ${messageOf(cause)}`,
      { cause },
    ),

  pluginFailed: (what: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PLUGIN_FAILED",
      `--plugins: importing ${what} failed: ${messageOf(cause)}`,
      { cause },
    ),

  pluginExportMissing: (name: string, known: readonly string[], exported: readonly string[]) =>
    invalid(
      "PLUGIN_INVALID",
      `--plugins: expected ${name} to export ${known.join(" or ")}; it exports ${exported.join(", ") || "nothing"}`,
    ),

  pluginInvalid: (name: string, place: string, expected: string, received: unknown) =>
    invalid(
      "PLUGIN_INVALID",
      `--plugins: ${name}: ${place} must be ${expected}; got ${received === null ? null : typeof received}`,
    ),

  flagRefused: (flag: string, reason: string) =>
    invalid("FLAG_REFUSED", `--${flag} is not supported: ${reason}`),

  nowhereToListen: () =>
    invalid("NOWHERE_TO_LISTEN", "nowhere to listen: set --port, --rest_api_port or a socket path"),

  portTaken: (flag: string, where: number | string, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "PORT_TAKEN",
      typeof where === "number"
        ? `--${flag}: port ${where} is already in use; set another port, such as ` +
            `--${flag}=${where < 65_535 ? where + 1 : 8501}, any (any free port) or 0 (disabled)`
        : `--${flag}: another server is already listening at ${where}; stop it, or set another path`,
      { cause },
    ),

  hostUnusable: (host: string, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "LISTEN_FAILED",
      `--host: expected an address of this machine, such as 127.0.0.1; got ${host}: ${messageOf(cause)}`,
      { cause },
    ),

  listenFailed: (flag: string, where: number | string, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "LISTEN_FAILED",
      `--${flag}: expected ${typeof where === "number" ? "a port" : "a path"} to listen on; got ${where}: ${messageOf(cause)}`,
      { cause },
    ),
};
