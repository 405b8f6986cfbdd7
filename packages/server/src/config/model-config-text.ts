import type { Logger } from "@serving-kit/core";
import protobuf from "protobufjs/light.js";
import { batchingFields, batchingParametersSchema } from "./batching-parameters-file.js";
import { servingSchema } from "./serving-schema.js";
import { parseTextFormat, type TextFormat } from "./text-format.js";

// Names and numbers of TF Serving's config/model_server_config.proto and what it imports; the numbers
// of what it has no field for are far above. Fields without effect are no fields.
const schema = servingSchema({
  ...batchingParametersSchema,
  ModelServerConfig: {
    fields: { model_config_list: { type: "ModelConfigList", id: 1 } },
  },
  ModelConfigList: { fields: { config: { rule: "repeated", type: "ModelConfig", id: 1 } } },
  ModelConfig: {
    fields: {
      name: { type: "string", id: 1 },
      base_path: { type: "string", id: 2 },
      model_platform: { type: "string", id: 4 },
      logging_config: { type: "LoggingConfig", id: 6 },
      model_version_policy: { type: "ServableVersionPolicy", id: 7 },
      version_labels: { keyType: "string", type: "int64", id: 8 },
      custom_model_config: { type: "CustomModelConfig", id: 1001 },
      batching: { type: "BatchingParameters", id: 1002 },
      tensorflow_op_libraries: { rule: "repeated", type: "string", id: 1003 },
      tflite: { type: "TfliteOptions", id: 1004 },
    },
  },
  CustomModelConfig: {
    fields: {
      module_path: { type: "string", id: 1 },
      model_class_name: { type: "string", id: 2 },
      options: { keyType: "string", type: "string", id: 3 },
    },
  },
  TfliteOptions: {
    fields: {
      state: { type: "string", id: 1 },
      unchecked_ops: { type: "string", id: 2 },
      max_tensor_bytes: { type: "int64", id: 3 },
      resize_fixed: { type: "bool", id: 4 },
      batch: { type: "string", id: 5 },
    },
  },
  LoggingConfig: {
    fields: {
      log_collector_config: { type: "LogCollectorConfig", id: 1 },
      sampling_config: { type: "SamplingConfig", id: 2 },
    },
  },
  LogCollectorConfig: {
    fields: { type: { type: "string", id: 1 }, filename_prefix: { type: "string", id: 2 } },
  },
  SamplingConfig: { fields: { sampling_rate: { type: "double", id: 1 } } },
  ServableVersionPolicy: {
    oneofs: { policy_choice: { oneof: ["latest", "all", "specific"] } },
    fields: {
      latest: { type: "Latest", id: 100 },
      all: { type: "All", id: 101 },
      specific: { type: "Specific", id: 102 },
    },
    nested: {
      Latest: { fields: { num_versions: { type: "uint32", id: 1 } } },
      All: { fields: {} },
      Specific: { fields: { versions: { rule: "repeated", type: "int64", id: 1 } } },
    },
  },
});

const FORMAT: TextFormat = {
  schema,
  name: "tensorflow.serving.ModelServerConfig",
  withoutEffect: {
    "tensorflow.serving.ModelConfig": ["model_type"],
    "tensorflow.serving.LoggingConfig": ["custom_logging_config"],
    "tensorflow.serving.SamplingConfig": ["per_task_sampling_configs", "attributes"],
  },
};

/** The types of a model config file. */
export const modelServerConfigType = protobuf.Root.fromJSON(schema).lookupType(FORMAT.name);

/** What a text holds. */
export interface ModelConfigText {
  /** Its fields by the names of the proto file, 64-bit integers as strings. */
  readonly fields: unknown;
  /** The fields without effect that it has. */
  readonly ignored: readonly string[];
}

/**
 * Parses a `ModelServerConfig` in protobuf's text format.
 *
 * @throws as `parseTextFormat` does.
 */
export function parseModelConfigText(text: string, path: string, logger: Logger): ModelConfigText {
  const { message, type, ignored } = parseTextFormat(text, path, FORMAT, logger);
  const fields = type.toObject(message, { longs: String });
  const configs = (message as Partial<ModelServerConfig>).model_config_list?.config ?? [];
  const batchingType = type.root.lookupType("tensorflow.serving.BatchingParameters");
  for (const [index, { batching }] of configs.entries()) {
    if (!batching) continue;
    fields.model_config_list.config[index].batching = batchingFields(batching, batchingType);
  }
  return { fields, ignored };
}

interface ModelServerConfig {
  readonly model_config_list: { readonly config: readonly { readonly batching?: object }[] };
}
