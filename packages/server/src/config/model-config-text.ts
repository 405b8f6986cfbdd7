import type { Logger } from "@serving-kit/core";
import protobuf from "protobufjs/light.js";
import { batchingFields } from "./batching-parameters-file.js";
import { modelServerConfig } from "./model-config-schema.js";
import { servingSchema } from "./serving-schema.js";
import { type ParsedText, parseTextFormat, type TextFormat } from "./text-format.js";
import { ignoredFields, protoTypes } from "./wire-message.js";

/** The name under which the parser stores a `model_type` that is a string or an identifier. It skips other values. */
const NAMED_TYPE = "model_type_name";

const types = protoTypes(modelServerConfig, "file");

const FORMAT: TextFormat = {
  schema: servingSchema(types),
  name: "tensorflow.serving.ModelServerConfig",
  withoutEffect: ignoredFields(modelServerConfig),
};

const FORMAT_WITH_TYPES: TextFormat = {
  ...FORMAT,
  schema: servingSchema({
    ...types,
    ModelConfig: {
      ...types.ModelConfig,
      fields: { ...types.ModelConfig?.fields, [NAMED_TYPE]: { type: "string", id: 2000 } },
    },
  }),
};

/** The types of a model config file. */
export const modelServerConfigType = protobuf.Root.fromJSON(FORMAT.schema).lookupType(FORMAT.name);

/** The content of a text. */
export interface ModelConfigText {
  /** The fields by the names of the proto file; 64-bit integers are strings. */
  readonly fields: unknown;
  /** The fields without effect in it. */
  readonly ignored: readonly string[];
}

/**
 * Parses a `ModelServerConfig` in protobuf's text format.
 *
 * @throws as `parseTextFormat`.
 */
export function parseModelConfigText(text: string, path: string, logger: Logger): ModelConfigText {
  const { message, type, ignored } = parse(text, path, logger);
  const fields = type.toObject(message, { longs: String });
  const configs = (message as Partial<ModelServerConfig>).model_config_list?.config ?? [];
  const batchingType = type.root.lookupType("tensorflow.serving.BatchingParameters");
  for (const [index, { batching }] of configs.entries()) {
    const { [NAMED_TYPE]: modelType, ...config } = fields.model_config_list.config[index];
    fields.model_config_list.config[index] = {
      ...config,
      ...(modelType !== undefined && { model_type: modelType }),
      ...(batching && { batching: batchingFields(batching, batchingType) }),
    };
  }
  return { fields, ignored };
}

interface ModelServerConfig {
  readonly model_config_list: { readonly config: readonly { readonly batching?: object }[] };
}

/** TF Serving's `model_type` is an enum, but users of its image write strings: both are read as strings. */
function parse(text: string, path: string, logger: Logger): ParsedText {
  const parsed = parseTextFormat(text, path, FORMAT, logger);
  if (!parsed.ignored.includes("model_type")) return parsed;
  return parseTextFormat(withNamedTypes(text), path, FORMAT_WITH_TYPES, logger);
}

/** Matches a string, a comment, or `model_type:` before a string or an identifier. */
const TOKEN =
  /"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|#.*|\bmodel_type(\s*:\s*)(?:(?=["'])|([a-z_]\w*))/gi;

const withNamedTypes = (text: string): string =>
  text.replace(TOKEN, (token, colon?: string, identifier?: string) => {
    if (colon === undefined) return token;
    return `${NAMED_TYPE}${colon}${identifier === undefined ? "" : `"${identifier}"`}`;
  });
