import { type BatchingOptions, parseBatchingParameters } from "@serving-kit/batching";
import { messageOf } from "@serving-kit/core";
import { type Logger, readTextFormat, serverErrors } from "@serving-kit/server";
import type protobuf from "protobufjs/light.js";
import { configTypes, servingType } from "./config-types.js";
import { type SessionSettings, sessionSettings } from "./session-config-file.js";

/** The settings of a platform config file. They override the corresponding flags. */
export interface PlatformSettings {
  readonly session: SessionSettings;
  readonly tags: readonly string[];
  readonly batching: BatchingOptions | undefined;
  readonly perModelBatchingParameters: boolean;
  readonly warmup: boolean;
  readonly warmupIterations: number;
  readonly mixedPrecision: string;
  readonly preferTflite: boolean;
  readonly tflitePools: number;
  readonly tfliteInterpretersPerPool: number;
  /** The names of the fields in the file that have no effect here. */
  readonly ignored: readonly string[];
}

/** The known source adapter configurations, with the field that contains their settings. */
const ADAPTERS = new Map([
  ["tensorflow.serving.SavedModelBundleSourceAdapterConfig", "legacyConfig"],
  ["tensorflow.serving.SessionBundleSourceAdapterConfig", "config"],
]);

const NO_EFFECT = [
  ...["sessionTarget", "sessionRunLoadThreadpoolIndex", "experimentalTransientRamBytesDuringLoad"],
  ...["enableSessionMetadata", "resourceEstimationUsesValidationResult"],
  ...["numTfliteInterpreters", "wrapSessionWithNoThreadingParams", "enableSavedModelConfig"],
];

type Wrapper = { readonly value?: number } | null;

/** The fields of SessionBundleConfig that are used. */
interface SessionBundleConfig {
  readonly sessionConfig: protobuf.Message | null;
  readonly batchingParameters: Readonly<Record<string, unknown>> | null;
  readonly savedModelTags: readonly string[];
  readonly enableModelWarmup: boolean;
  readonly modelWarmupOptions: {
    readonly numRequestIterations: Wrapper;
    readonly enableAllBatchSizesWarmup: boolean;
  } | null;
  readonly preferTfliteModel: boolean;
  readonly numTfliteInterpretersPerPool: number;
  readonly numTflitePools: number;
  readonly mixedPrecision: string;
  readonly enablePerModelBatchingParams: boolean;
}

/**
 * Reads `--platform_config_file`: TF Serving's `PlatformConfigMap` in protobuf's text format, with the platform
 * `tensorflow`. As in TF Serving, settings that the file does not mention, such as warm-up and batching, are off.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION); CONFIG_FILE_INVALID (INVALID_ARGUMENT) for
 * another message type, platform or adapter.
 */
export async function readPlatformConfigFile(
  path: string,
  logger?: Logger,
): Promise<PlatformSettings> {
  const format = { ...configTypes, name: "tensorflow.serving.PlatformConfigMap" };
  const { message, ignored } = await readTextFormat(path, "platform config file", format, logger);
  try {
    const settings = settingsOf(bundleConfig(message as unknown as PlatformConfigMap));
    return { ...settings, ignored: [...settings.ignored, ...ignored] };
  } catch (error) {
    throw serverErrors.configFileInvalid(path, messageOf(error), error);
  }
}

interface PlatformConfigMap {
  readonly platformConfigs?: Readonly<Record<string, { sourceAdapterConfig?: AnyMessage }>>;
}

interface AnyMessage {
  readonly typeUrl?: string;
  readonly value?: Uint8Array;
}

/** The message that contains the settings, decoded from its `Any` wrapper. */
function bundleConfig({ platformConfigs = {} }: PlatformConfigMap): protobuf.Message | undefined {
  const others = Object.keys(platformConfigs).filter((name) => name !== "tensorflow");
  if (others.length > 0) {
    throw new TypeError(
      `expected platform_configs of key "tensorflow"; got "${others.join('", "')}"`,
    );
  }
  const any = platformConfigs.tensorflow?.sourceAdapterConfig;
  if (any === undefined) return undefined;
  const name = any.typeUrl?.slice(any.typeUrl.lastIndexOf("/") + 1) ?? "";
  const field = ADAPTERS.get(name);
  const type = field && servingType(name);
  if (!type) {
    throw new TypeError(
      `expected a source_adapter_config of type ${[...ADAPTERS.keys()].join(" or ")}; got "${name}"`,
    );
  }
  const adapter: unknown = type.decode(any.value ?? new Uint8Array(0));
  return (adapter as Record<string, protobuf.Message | null>)[field] ?? undefined;
}

function settingsOf(message: protobuf.Message | undefined): PlatformSettings {
  // Reading an unset field returns its default from the prototype.
  const config = (message ?? emptyConfig()) as unknown as SessionBundleConfig;
  const batching = config.batchingParameters;
  return {
    session: config.sessionConfig ? sessionSettings(config.sessionConfig) : {},
    tags: config.savedModelTags,
    batching: batching
      ? {
          ...parseBatchingParameters(plainFields(batching)).options,
          ...(config.modelWarmupOptions?.enableAllBatchSizesWarmup && {
            enableAllBatchSizesWarmup: true,
          }),
        }
      : undefined,
    perModelBatchingParameters: config.enablePerModelBatchingParams,
    warmup: config.enableModelWarmup,
    warmupIterations: config.modelWarmupOptions?.numRequestIterations?.value ?? 0,
    mixedPrecision: config.mixedPrecision,
    preferTflite: config.preferTfliteModel,
    tflitePools: config.numTflitePools,
    tfliteInterpretersPerPool: config.numTfliteInterpretersPerPool,
    ignored: NO_EFFECT.filter((name) => Object.hasOwn(config, name)).map(snakeCase),
  };
}

function emptyConfig(): protobuf.Message {
  return (servingType("tensorflow.serving.SessionBundleConfig") as protobuf.Type).create();
}

/** BatchingParameters in their JSON form: field names of the proto file, values without wrappers. */
function plainFields(batching: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    return "value" in value ? plain(value.value) : String(value);
  };
  return Object.fromEntries(
    Object.entries(batching).map(([name, value]) => [snakeCase(name), plain(value)]),
  );
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
