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

/** The content of the files that the flags of the server name. */
export interface ConfigFiles {
  readonly models: readonly ModelConfig[];
  /** The file that they are from. */
  readonly modelFile: ModelConfigFile | undefined;
  readonly batching: BatchingOptions | undefined;
  readonly platform: PlatformSettings | undefined;
  readonly metrics: MetricsOptions | undefined;
  readonly ssl: SslConfig | undefined;
}

/**
 * Reads all files that the flags name, and makes the model of `--model_base_path` where there is no
 * `--model_config_file`. What has no effect in them is told to the logger.
 *
 * @throws ServingError MODELS_MISSING (INVALID_ARGUMENT), or what reading a file throws.
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
