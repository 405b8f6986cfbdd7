import { builtIns } from "./built-ins.js";
import { errors } from "./errors.js";
import type { ServerFlags } from "./server-flags.js";

/**
 * Checks flags against one another, before any file is read.
 *
 * @throws ServingError FLAG_REQUIRES, FLAGS_CONFLICT, FLAG_REFUSED or NOWHERE_TO_LISTEN
 * (INVALID_ARGUMENT).
 */
export function checkFlags(flags: ServerFlags): void {
  if (flags.enable_batching !== true) {
    if (flags.batching_parameters_file !== "") {
      throw errors.flagRequires("batching_parameters_file", "enable_batching");
    }
    if (flags.enable_per_model_batching_parameters) {
      throw errors.flagRequires("enable_per_model_batching_parameters", "enable_batching");
    }
  }
  for (const platform of builtIns.platforms) platform.check?.(flags);
  if (flags.use_alts_credentials) {
    throw errors.flagRefused(
      "use_alts_credentials",
      "Google's ALTS has no implementation in JavaScript, and without it the connections would not " +
        "be safe; use --ssl_config_file",
    );
  }
  const { port, rest_api_port, grpc_socket_path, rest_api_socket_path } = flags;
  const isAnywhere = port !== 0 || rest_api_port !== 0 || grpc_socket_path || rest_api_socket_path;
  if (!isAnywhere) throw errors.nowhereToListen();
}
