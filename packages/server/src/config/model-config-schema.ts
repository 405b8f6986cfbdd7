import { z } from "zod";
import { modelMessage } from "./model-options.js";
import { type WireMessage, wireMessage } from "./wire-message.js";

const modelList = wireMessage("ModelConfigList", {
  config: {
    id: 1,
    type: modelMessage,
    rule: "repeated",
    schema: z.array(modelMessage.schema).meta({ description: "The models. Default none." }),
  },
});

/**
 * A model config file: TF Serving's `ModelServerConfig` with additional fields (`custom_model_config` of a model,
 * `batching`, `tensorflow_op_libraries`, `tflite`).
 */
export const modelServerConfig: WireMessage = wireMessage("ModelServerConfig", {
  $schema: {
    type: "string",
    schema: z.string().meta({ description: "The location of this schema." }),
  },
  model_config_list: { id: 1, type: modelList, schema: modelList.schema },
});

/** The address of the published schema. */
const SCHEMA_ID = "https://unpkg.com/@serving-kit/server/model-config.schema.json";

/** The JSON Schema (draft 2020-12) of a model config file in JSON or YAML. */
export function modelConfigJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(modelServerConfig.schema, {
    io: "input",
    unrepresentable: "any",
  });
  const title = "Models of a serving-kit model server";
  return { $schema, $id: SCHEMA_ID, title, ...schema };
}
