import type { BatchingOptions } from "@serving-kit/batching";
import { type MetricsOptions, readMonitoringConfigFile } from "@serving-kit/observability/metrics";
import {
  type Logger,
  type ModelConfig,
  type ModelConfigFile,
  openModelConfigFile,
  readBatchingParametersFile,
  readSslConfigFile,
  type SslConfig,
} from "@serving-kit/server";
import {
  type PlatformSettings,
  readPlatformConfigFile,
} from "./config-files/platform-config-file.js";
import { errors } from "./errors.js";
import type { ServerFlags } from "./server-flags.js";

/** The content of the config files named by the server's flags. */
export interface ConfigFiles {
  readonly models: readonly ModelConfig[];
  /** The model config file. Absent if there is none. */
  readonly modelFile: ModelConfigFile | undefined;
  readonly batching: BatchingOptions | undefined;
  readonly platform: PlatformSettings | undefined;
  readonly metrics: MetricsOptions | undefined;
  readonly ssl: SslConfig | undefined;
}

/**
 * Reads all files named by flags. Without `--model_config_file`, the model is the one at `--model_base_path`. Logs a
 * warning for settings that have no effect.
 *
 * @throws ServingError MODELS_MISSING (INVALID_ARGUMENT), or the error of reading a file.
 */
export async function readConfigFiles(flags: ServerFlags, logger?: Logger): Promise<ConfigFiles> {
  const read = <T>(
    path: string,
    from: (path: string, logger?: Logger) => Promise<T | undefined>,
  ) => (path === "" ? undefined : from(path, logger));
  const modelFile = await read(flags.model_config_file, openModelConfigFile);
  const batching = await read(flags.batching_parameters_file, readBatchingParametersFile);
  return {
    models: modelFile?.models ?? modelOf(flags),
    modelFile,
    batching: batching?.options,
    platform: await read(flags.platform_config_file, readPlatformConfigFile),
    metrics: await read(flags.monitoring_config_file, readMonitoringConfigFile),
    ssl: await read(flags.ssl_config_file, readSslConfigFile),
  };
}

function modelOf(flags: ServerFlags): readonly ModelConfig[] {
  if (flags.model_base_path === "") throw errors.modelsMissing();
  const { model_name: name, model_base_path: basePath, model_platform: platform } = flags;
  return [{ name, basePath, ...(platform !== "" && { platform }) }];
}
