import { builtIns } from "./built-ins.js";
import { toggle } from "./flag-kinds.js";
import type { FlagTable, FlagValues } from "./flags.js";
import { pluginFlags } from "./plugins.js";
import { batchingFlags } from "./server-flags/batching-flags.js";
import { flagsWithoutEffect } from "./server-flags/flags-without-effect.js";
import { listeningFlags, ownListeningFlags } from "./server-flags/listening-flags.js";
import {
  loadingFlags,
  modelFlags,
  ownModelFlags,
  platformFlags,
  startUpFlags,
  storageFlags,
} from "./server-flags/model-flags.js";
import { operationFlags, ownOperationFlags } from "./server-flags/operation-flags.js";

/** TF Serving's flags that are rejected, because ignoring them would make the server less secure. */
const refusedFlags = {
  use_alts_credentials: toggle(
    false,
    "Rejected: Google's ALTS has no implementation in JavaScript. Use --ssl_config_file.",
  ),
};

/** The flags of all built-in platforms. */
const flagsOfPlatforms = {
  serving: mergeTables(builtIns.platforms.map(({ servingFlags }) => servingFlags)),
  own: mergeTables(builtIns.platforms.map(({ ownFlags }) => ownFlags)),
};

/** All flags of the server, in the groups of `--help`. */
export const serverFlagGroups: Readonly<Record<string, FlagTable>> = {
  Models: modelFlags,
  Loading: loadingFlags,
  "Ports and sockets": listeningFlags,
  Batching: batchingFlags,
  Platforms: { ...platformFlags, ...flagsOfPlatforms.serving },
  Operation: operationFlags,
  "Beyond tensorflow_model_server": {
    ...ownModelFlags,
    ...pluginFlags,
    ...ownListeningFlags,
    ...startUpFlags,
    ...storageFlags,
    ...flagsOfPlatforms.own,
    ...ownOperationFlags,
  },
  "Accepted for compatibility with tensorflow_model_server, without effect": {
    ...refusedFlags,
    ...flagsWithoutEffect,
  },
};

/** The flags that the server itself reads. */
const coreFlags = {
  ...pluginFlags,
  ...modelFlags,
  ...ownModelFlags,
  ...loadingFlags,
  ...listeningFlags,
  ...batchingFlags,
  ...platformFlags,
  ...operationFlags,
  ...ownListeningFlags,
  ...startUpFlags,
  ...storageFlags,
  ...ownOperationFlags,
  ...refusedFlags,
  ...flagsWithoutEffect,
};

/**
 * The flags of the command `serving-kit`: the flags of `tensorflow_model_server`, and additional ones. The flags of
 * the platforms are included, but not in the type.
 */
export const serverFlags: typeof coreFlags = {
  ...coreFlags,
  ...flagsOfPlatforms.serving,
  ...flagsOfPlatforms.own,
};

/** The values of `serverFlags`. */
export type ServerFlags = FlagValues<typeof coreFlags>;

function mergeTables(tables: readonly (FlagTable | undefined)[]): FlagTable {
  return Object.assign({}, ...tables);
}
