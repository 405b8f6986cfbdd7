import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { messageOf, parseVersion, type Version } from "@serving-kit/core";
import { all, latest, type ServableVersionPolicy, specific } from "@serving-kit/source-filesystem";
import textformat from "protobufjs/ext/textformat.js";
import protobuf from "protobufjs/light.js";
import { errors } from "./errors.js";

/** One `config` of a model config file. */
export interface ConfiguredModel {
  readonly name: string;
  /** As it is written in the file. */
  readonly basePath: string;
  /** `model_platform`; absent when the file does not say. */
  readonly platform?: string;
  /** `model_version_policy`; absent when the file does not say. */
  readonly versionPolicy?: ServableVersionPolicy;
  /** `version_labels`; absent when there are none. */
  readonly labels?: Readonly<Record<string, Version>>;
}

// Names and numbers of TF Serving's config/model_server_config.proto and what it imports. The
// deprecated model_type, and logging_config, are read so that existing files are, and have no effect.
const schema = {
  nested: {
    ModelServerConfig: {
      fields: { modelConfigList: { type: "ModelConfigList", id: 1 } },
    },
    ModelConfigList: { fields: { config: { rule: "repeated", type: "ModelConfig", id: 1 } } },
    ModelConfig: {
      fields: {
        name: { type: "string", id: 1 },
        basePath: { type: "string", id: 2 },
        modelType: { type: "ModelType", id: 3 },
        modelPlatform: { type: "string", id: 4 },
        loggingConfig: { type: "LoggingConfig", id: 6 },
        modelVersionPolicy: { type: "ServableVersionPolicy", id: 7 },
        versionLabels: { keyType: "string", type: "int64", id: 8 },
      },
    },
    ModelType: { values: { MODEL_TYPE_UNSPECIFIED: 0, TENSORFLOW: 1, OTHER: 2 } },
    LoggingConfig: {
      fields: {
        logCollectorConfig: { type: "LogCollectorConfig", id: 1 },
        samplingConfig: { type: "SamplingConfig", id: 2 },
      },
    },
    LogCollectorConfig: {
      fields: { type: { type: "string", id: 1 }, filenamePrefix: { type: "string", id: 2 } },
    },
    SamplingConfig: {
      fields: { samplingRate: { type: "double", id: 1 }, attributes: { type: "int32", id: 2 } },
    },
    ServableVersionPolicy: {
      oneofs: { policyChoice: { oneof: ["latest", "all", "specific"] } },
      fields: {
        latest: { type: "Latest", id: 100 },
        all: { type: "All", id: 101 },
        specific: { type: "Specific", id: 102 },
      },
      nested: {
        Latest: { fields: { numVersions: { type: "uint32", id: 1 } } },
        All: { fields: {} },
        Specific: { fields: { versions: { rule: "repeated", type: "int64", id: 1 } } },
      },
    },
  },
};
const modelServerConfig = protobuf.Root.fromJSON(schema).lookupType("ModelServerConfig");

/** An int64 as protobufjs gives it. */
type Int64 = { toString(): string };

/** What protobufjs makes of a ModelConfig. */
interface ModelConfigMessage {
  readonly name?: string;
  readonly basePath?: string;
  readonly modelPlatform?: string;
  readonly modelVersionPolicy?: {
    readonly latest?: { readonly numVersions?: number };
    readonly all?: object;
    readonly specific?: { readonly versions?: readonly Int64[] };
  };
  readonly versionLabels?: Readonly<Record<string, Int64>>;
}

/**
 * Reads the text of a model config file: a ModelServerConfig in protobuf's text format, as TF
 * Serving reads it.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the line or the model, and what
 * is wrong there.
 */
export function parseModelConfig(text: string, path: string): readonly ConfiguredModel[] {
  const message = parseText(text, path);
  const configs = message.modelConfigList?.config ?? [];
  if (configs.length === 0) {
    throw errors.configFileInvalid(
      path,
      "expected model_config_list { config { … } } with at least one config; got none",
    );
  }
  const names = new Set<string>();
  return configs.map((config, index) => {
    const { name, basePath, modelPlatform: platform } = config;
    const invalid = (problem: string) =>
      errors.configFileInvalid(path, `config ${name || `#${index + 1}`}: ${problem}`);
    if (!name) throw invalid("expected a name; got none");
    if (names.has(name)) {
      throw errors.configFileInvalid(
        path,
        `Illegal to list model ${name} multiple times in config list`,
      );
    }
    if (!basePath) throw invalid("expected a base_path; got none");
    names.add(name);
    const version = (number: Int64) => {
      const parsed = parseVersion(number.toString());
      if (parsed === undefined) throw invalid(`expected versions of at least 0; got ${number}`);
      return parsed;
    };
    const versionPolicy = toPolicy(config.modelVersionPolicy, version);
    const labels = Object.entries(config.versionLabels ?? {});
    return {
      name,
      basePath,
      ...(platform && { platform }),
      ...(versionPolicy && { versionPolicy }),
      ...(labels.length > 0 && {
        labels: Object.fromEntries(labels.map(([label, number]) => [label, version(number)])),
      }),
    };
  });
}

/**
 * Reads a model config file. Relative base paths are resolved against the folder of the file.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or what `parseModelConfig` throws.
 */
export async function readModelConfigFile(path: string): Promise<readonly ConfiguredModel[]> {
  const text = await readFile(path, "utf8").catch((error) => {
    throw errors.configFileUnreadable("model config file", path, error);
  });
  return parseModelConfig(text, path).map((model) => ({
    ...model,
    basePath: resolve(dirname(path), model.basePath),
  }));
}

function parseText(text: string, path: string) {
  try {
    const message: unknown = textformat.fromText(modelServerConfig, text);
    return message as { modelConfigList?: { config: readonly ModelConfigMessage[] } };
  } catch (error) {
    throw errors.configFileInvalid(path, messageOf(error), error);
  }
}

function toPolicy(
  policy: ModelConfigMessage["modelVersionPolicy"],
  version: (number: Int64) => Version,
): ServableVersionPolicy | undefined {
  if (policy?.all) return all();
  if (policy?.specific) return specific((policy.specific.versions ?? []).map(version));
  // In proto3 a count of 0 is one that was not given.
  if (policy?.latest) return latest(policy.latest.numVersions || 1);
  return undefined;
}
