import { type ParsedBatchingParameters, parseBatchingParameters } from "@serving-kit/batching";
import { messageOf } from "@serving-kit/core";
import textformat from "protobufjs/ext/textformat.js";
import protobuf from "protobufjs/light.js";
import { errors } from "../errors.js";
import { readBounded } from "./bounded-file.js";

/**
 * The types of TF Serving's `BatchingParameters` (session_bundle_config.proto). Only names count in the
 * text format; the numbers of the last two fields are the next free ones.
 */
export const batchingParametersSchema = {
  BatchingParameters: {
    fields: {
      max_batch_size: { type: "Int64Value", id: 1 },
      batch_timeout_micros: { type: "Int64Value", id: 2 },
      max_enqueued_batches: { type: "Int64Value", id: 3 },
      num_batch_threads: { type: "Int64Value", id: 4 },
      thread_pool_name: { type: "StringValue", id: 5 },
      allowed_batch_sizes: { rule: "repeated", type: "int64", id: 6 },
      pad_variable_length_inputs: { type: "bool", id: 7 },
      enable_large_batch_splitting: { type: "BoolValue", id: 8 },
      max_execution_batch_size: { type: "Int64Value", id: 9 },
    },
  },
  Int64Value: { fields: { value: { type: "int64", id: 1 } } },
  StringValue: { fields: { value: { type: "string", id: 1 } } },
  BoolValue: { fields: { value: { type: "bool", id: 1 } } },
};
const batchingParameters = protobuf.Root.fromJSON({
  nested: batchingParametersSchema,
}).lookupType("BatchingParameters");

/**
 * Reads the text of a batching parameters file: TF Serving's `BatchingParameters` in protobuf's text
 * format, such as `max_batch_size { value: 128 }`, or the same fields as a JSON object, where
 * `{ "max_batch_size": 128 }` will do. What begins with `{` is JSON.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the path and what is wrong: the
 * line, an unknown field, a value of another type, or what does not fit together, in TF Serving's
 * words.
 */
export function parseBatchingParametersFile(text: string, path: string): ParsedBatchingParameters {
  try {
    return parseBatchingParameters(/^\s*\{/.test(text) ? JSON.parse(text) : parseText(text));
  } catch (error) {
    throw errors.configFileInvalid(path, messageOf(error), error);
  }
}

/**
 * Reads a batching parameters file.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or what
 * `parseBatchingParametersFile` throws.
 */
export async function readBatchingParametersFile(path: string): Promise<ParsedBatchingParameters> {
  const text = await readBounded(path).catch((error) => {
    throw errors.configFileUnreadable("batching parameters file", path, error);
  });
  return parseBatchingParametersFile(text, path);
}

function parseText(text: string): Record<string, unknown> {
  return batchingFields(textformat.fromText(batchingParameters, text));
}

/** The fields of a BatchingParameters message of protobufjs, by the names of the proto file. */
export function batchingFields(message: object): Record<string, unknown> {
  const fields = Object.entries<unknown>({ ...message }).map(([name, given]) => {
    const wrapper = batchingParameters.fields[name]?.resolvedType;
    const value =
      wrapper instanceof protobuf.Type
        ? ((given as { value?: unknown }).value ?? wrapper.fields.value?.typeDefault)
        : given;
    return [name, Array.isArray(value) ? value.map(withoutLong) : withoutLong(value)];
  });
  return Object.fromEntries(fields);
}

/** An int64 of protobufjs, which is an object where the package `long` is there, as a text. */
function withoutLong(value: unknown): unknown {
  return typeof value === "object" && value !== null ? String(value) : value;
}
