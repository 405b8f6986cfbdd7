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
 * Reads the text of a batching parameters file: TF Serving's `BatchingParameters` in protobuf's text format, such as
 * `max_batch_size { value: 128 }`, or the same fields as a JSON object such as `{ "max_batch_size": 128 }`. A text
 * that starts with `{` is parsed as JSON.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the path and the problem: the line, an unknown
 * field, a value of another type, or TF Serving's text for inconsistent values.
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
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or as `parseBatchingParametersFile`.
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
 * Returns the fields of a protobufjs BatchingParameters message by the names of the proto file, with wrapped values
 * unwrapped: an empty wrapper means 0 or false.
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

/** Returns an int64 of protobufjs as a string. It is an object if the package `long` is installed. */
function withoutLong(value: unknown): unknown {
  return typeof value === "object" && value !== null ? String(value) : value;
}
