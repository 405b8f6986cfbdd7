import textformat from "protobufjs/ext/textformat.js";
import protobuf from "protobufjs/light.js";
import { batchingFields, batchingParametersSchema } from "./batching-parameters-file.js";

// Names and numbers of TF Serving's config/model_server_config.proto and what it imports; the numbers
// of what it has no field for are far above. The deprecated model_type is no field.
const schema = {
  nested: {
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
      },
    },
    CustomModelConfig: {
      fields: {
        module_path: { type: "string", id: 1 },
        model_class_name: { type: "string", id: 2 },
        options: { keyType: "string", type: "string", id: 3 },
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
  },
};

/** What a text holds. */
export interface ModelConfigText {
  /** Its fields by the names of the proto file, 64-bit integers as texts. */
  readonly fields: unknown;
  /** Whether a model has the deprecated `model_type`, whose value is passed over. */
  readonly hasModelType: boolean;
}

/**
 * Reads a `ModelServerConfig` in protobuf's text format.
 *
 * @throws Error with the line and what is wrong there.
 */
export function parseModelConfigText(text: string): ModelConfigText {
  const root = protobuf.Root.fromJSON(schema);
  let hasModelType = false;
  // Asked of each name that is no field; what is reserved may have any value, which is passed over.
  root.lookupType("ModelConfig").isReservedName = (name) => {
    if (name === "model_type") hasModelType = true;
    return name === "model_type";
  };
  const type = root.lookupType("ModelServerConfig");
  const message = textformat.fromText(type, text);
  const fields = type.toObject(message, { longs: String });
  // The values of batching are wrapped in messages, of which the empty one stands for 0 or false.
  const configs = (message as Partial<ModelServerConfig>).model_config_list?.config ?? [];
  for (const [index, { batching }] of configs.entries()) {
    if (batching) fields.model_config_list.config[index].batching = batchingFields(batching);
  }
  return { fields, hasModelType };
}

interface ModelServerConfig {
  readonly model_config_list: { readonly config: readonly { readonly batching?: object }[] };
}
