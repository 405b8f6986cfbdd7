import type { Logger } from "@serving-kit/core";
import protobuf from "protobufjs/light.js";
import { batchingFields } from "./batching-parameters-file.js";
import { modelServerConfig } from "./model-config-schema.js";
import { servingSchema } from "./serving-schema.js";
import { parseTextFormat, type TextFormat } from "./text-format.js";
import { ignoredFields, protoTypes } from "./wire-message.js";

const schema = servingSchema(protoTypes(modelServerConfig, "file"));

const FORMAT: TextFormat = {
  schema,
  name: "tensorflow.serving.ModelServerConfig",
  withoutEffect: ignoredFields(modelServerConfig),
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
