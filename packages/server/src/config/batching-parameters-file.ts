import { type ParsedBatchingParameters, parseBatchingParameters } from "@serving-kit/batching";
import { isServingError, type Logger, messageOf } from "@serving-kit/core";
import protobuf from "protobufjs/light.js";
import { errors } from "../errors.js";
import { batchingParameters } from "./batching-config.js";
import { readBounded } from "./bounded-file.js";
import { parseYaml } from "./model-config-yaml.js";
import { servingSchema } from "./serving-schema.js";
import { parseTextFormat, type TextFormat } from "./text-format.js";
import { protoTypes } from "./wire-message.js";

const FORMAT: TextFormat = {
  name: "tensorflow.serving.BatchingParameters",
  schema: servingSchema(protoTypes(batchingParameters, "file")),
};

/**
 * Reads the text of a batching parameters file: TF Serving's `BatchingParameters` in protobuf's text
 * format, such as `max_batch_size { value: 128 }`, or the same fields as a JSON object, where
 * `{ "max_batch_size": 128 }` will do. What begins with `{` is JSON.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the path and what is wrong: the
 * line, an unknown field, a value of another type, or what does not fit together, in TF Serving's
 * words.
 */
export function parseBatchingParametersFile(
  text: string,
  path: string,
  logger?: Logger,
): ParsedBatchingParameters {
  try {
    if (/^\s*\{/.test(text)) return parseBatchingParameters(parseYaml(text));
    const { message, type } = parseTextFormat(text, path, FORMAT, logger);
    return parseBatchingParameters(batchingFields(message, type));
  } catch (error) {
    if (isServingError(error) && error.reason === "CONFIG_FILE_INVALID") throw error;
    throw errors.configFileInvalid(path, messageOf(error), error);
  }
}

/**
 * Reads a batching parameters file.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or what
 * `parseBatchingParametersFile` throws.
 */
export async function readBatchingParametersFile(
  path: string,
  logger?: Logger,
): Promise<ParsedBatchingParameters> {
  const text = await readBounded(path).catch((error) => {
    throw errors.configFileUnreadable("batching parameters file", path, error);
  });
  return parseBatchingParametersFile(text, path, logger);
}

/**
 * The fields of a BatchingParameters message of protobufjs by the names of the proto file, without the
 * messages that wrap values: an empty one means 0 or false.
 */
export function batchingFields(message: object, type: protobuf.Type): Record<string, unknown> {
  const fields = Object.entries<unknown>({ ...message }).map(([name, given]) => {
    const wrapper = type.fields[name]?.resolvedType;
    const value =
      wrapper instanceof protobuf.Type
        ? ((given as { value?: unknown }).value ?? wrapper.fields.value?.typeDefault)
        : given;
    return [name, Array.isArray(value) ? value.map(withoutLong) : withoutLong(value)];
  });
  return Object.fromEntries(fields);
}

/** An int64 of protobufjs, which is an object if the package `long` is there, as a string. */
function withoutLong(value: unknown): unknown {
  return typeof value === "object" && value !== null ? String(value) : value;
}
