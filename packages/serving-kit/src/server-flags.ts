import { toggle } from "./flag-kinds.js";
import type { FlagTable, FlagValues } from "./flags.js";
import { batchingFlags } from "./server-flags/batching-flags.js";
import { flagsWithoutEffect } from "./server-flags/flags-without-effect.js";
import { listeningFlags, ownListeningFlags } from "./server-flags/listening-flags.js";
import { loadingFlags, modelFlags, startUpFlags } from "./server-flags/model-flags.js";
import { operationFlags, ownOperationFlags } from "./server-flags/operation-flags.js";
import { ownRuntimeFlags, runtimeFlags } from "./server-flags/runtime-flags.js";

/** TF Serving's flags that would make the server less safe without effect, so that they are refused. */
const refusedFlags = {
  use_alts_credentials: toggle(
    false,
    "Refused: Google's ALTS has no implementation in JavaScript. Use --ssl_config_file.",
  ),
};

/** All flags of the server, as `--help` groups them. */
export const serverFlagGroups: Readonly<Record<string, FlagTable>> = {
  Models: modelFlags,
  Loading: loadingFlags,
  "Ports and sockets": listeningFlags,
  Batching: batchingFlags,
  "TensorFlow and TensorFlow Lite": runtimeFlags,
  Operation: operationFlags,
  "Beyond tensorflow_model_server": {
    ...ownListeningFlags,
    ...startUpFlags,
    ...ownRuntimeFlags,
    ...ownOperationFlags,
  },
  "Taken from tensorflow_model_server without effect": { ...refusedFlags, ...flagsWithoutEffect },
};

/**
 * The flags of the command `serving-kit`: names and meanings of `tensorflow_model_server`, and some
 * of its own.
 */
export const serverFlags = {
  ...modelFlags,
  ...loadingFlags,
  ...listeningFlags,
  ...batchingFlags,
  ...runtimeFlags,
  ...ownRuntimeFlags,
  ...operationFlags,
  ...ownListeningFlags,
  ...startUpFlags,
  ...ownOperationFlags,
  ...refusedFlags,
  ...flagsWithoutEffect,
};

/** The values of `serverFlags`. */
export type ServerFlags = FlagValues<typeof serverFlags>;
