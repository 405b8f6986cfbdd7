import type { Platform } from "@serving-kit/inference";
import { type TensorFlowOptions, tensorflow } from "@serving-kit/servable-tensorflow";
import type { readSessionConfigFile } from "../config-files/session-config-file.js";
import type { PlatformSetup } from "./platform-row.js";
import { settingsOf, type TensorFlowFlags } from "./tensorflow-flags.js";

/**
 * The platform for SavedModels, configured from flags and files, or with defaults.
 *
 * @throws as `readSessionConfigFile` does.
 */
export async function tensorflowOf(setup?: PlatformSetup): Promise<Platform> {
  return tensorflow(setup && (await tensorflowOptionsOf(setup)));
}

/** Converts flags and files to options of `tensorflow()`. */
export async function tensorflowOptionsOf(setup: PlatformSetup): Promise<TensorFlowOptions> {
  const flags = setup.flags as TensorFlowFlags;
  const { platformConfig } = setup;
  const { tags, warmup, warmupIterations, mixedPrecision } = platformConfig ?? settingsOf(setup);
  const file = flags.tensorflow_session_config_file;
  const session = file === "" ? {} : await readSession(file, setup.logger);
  const settings = platformConfig?.session ?? session;
  const precision = mixedPrecision === "bfloat16" ? await bfloat16() : [];
  const configs = [precision, settings.sessionConfig ?? []];
  const sessionConfig = Buffer.concat(configs.map((config) => Uint8Array.from(config)));
  const memoryFraction = platformConfig ? 0 : flags.per_process_gpu_memory_fraction;
  const opLibraries = flags.tensorflow_op_libraries;
  return {
    ...(tags.length > 0 && { tags }),
    ...(sessionConfig.length > 0 && { sessionConfig }),
    ...(settings.interOpThreads !== undefined && { interOpThreads: settings.interOpThreads }),
    ...(platformConfig ? {} : threadsOf(flags)),
    ...(memoryFraction > 0 && { gpu: { memoryFraction } }),
    ...(opLibraries.length > 0 && { opLibraries }),
    ...(flags.canary && { canary: {} }),
    warmup: warmup ? "file" : "none",
    ...(warmupIterations > 1 && { warmupIterations }),
  };
}

// The readers of config files are loaded if there is one.
const configFiles = () => import("../config-files/session-config-file.js");

const readSession: typeof readSessionConfigFile = async (path, logger) =>
  (await configFiles()).readSessionConfigFile(path, logger);

const bfloat16 = async () => (await configFiles()).bfloat16Config();

function threadsOf({
  tensorflow_session_parallelism: both,
  tensorflow_intra_op_parallelism: intra,
  tensorflow_inter_op_parallelism: inter,
}: TensorFlowFlags): Pick<TensorFlowOptions, "intraOpThreads" | "interOpThreads"> {
  const areApart = intra > 0 || inter > 0;
  const [intraOpThreads, interOpThreads] = areApart ? [intra, inter] : [both, both];
  return {
    ...(intraOpThreads > 0 && { intraOpThreads }),
    ...(interOpThreads > 0 && { interOpThreads }),
  };
}
