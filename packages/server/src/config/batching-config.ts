import {
  type BatchingOptions,
  batchingParameterFields,
  parseBatchingParameters,
} from "@serving-kit/batching";
import { z } from "zod";
import { whole } from "./wire-fields.js";
import { type WireField, type WireMessage, wireMessage } from "./wire-message.js";

type Kind = (typeof batchingParameterFields)[keyof typeof batchingParameterFields]["type"];

const TYPES: Readonly<Record<Kind, Pick<WireField, "type" | "rule">>> = {
  count: { type: "google.protobuf.Int64Value" },
  counts: { type: "int64", rule: "repeated" },
  text: { type: "google.protobuf.StringValue" },
  flag: { type: "google.protobuf.BoolValue" },
  "bare-flag": { type: "bool" },
};

const SCHEMAS: Readonly<Record<Kind, (description: string) => z.ZodType>> = {
  count: whole,
  counts: (description) => z.array(whole("A batch size.")).meta({ description }),
  text: (description) => z.string().meta({ description }),
  flag: (description) => z.boolean().meta({ description }),
  "bare-flag": (description) => z.boolean().meta({ description }),
};

const fields = Object.fromEntries(
  Object.entries(batchingParameterFields).map(([name, { id, type, doc }]) => [
    name,
    { id, ...TYPES[type], schema: SCHEMAS[type](doc) },
  ]),
);

/** TF Serving's `BatchingParameters` (session_bundle_config.proto). */
export const batchingParameters: WireMessage = wireMessage("BatchingParameters", fields);

// Only the server's own file can describe a pool that models share by name.
const { thread_pool_name: _name, ...ofModel } = fields;
const { num_batch_threads: _threads, ...ofSignature } = ofModel;
const signature = wireMessage("SignatureBatchingParameters", ofSignature);
const model = wireMessage("BatchingParameters", {
  ...ofModel,
  signatures: {
    type: signature,
    rule: "map",
    schema: z
      .record(z.string(), signature.schema)
      .meta({ description: "Parameters of single signatures, by name." }),
  },
});

/** The batching of one model: `BatchingParameters`, with those of its signatures, or true or false. */
export const batchingField = {
  type: model,
  schema: z.union([z.boolean(), z.literal("auto"), model.schema]).meta({
    description:
      "How this model is batched, instead of the flags: auto if its rows are proven to be independent, " +
      "false for no batching, true for the defaults, or TF Serving's BatchingParameters.",
  }),
} as const satisfies WireField;

/**
 * Returns the options for the `batching` of a model.
 *
 * @throws ServingError INVALID_ARGUMENT / BATCHING_OPTIONS_INVALID as `parseBatchingParameters` does.
 */
export function readBatching(
  given: z.infer<(typeof batchingField)["schema"]>,
): boolean | "auto" | BatchingOptions {
  if (typeof given === "boolean" || given === "auto") return given;
  const { signatures = {}, ...shared } = given;
  const { options } = parseBatchingParameters(shared);
  const own = Object.entries(signatures as Record<string, object>).map(([name, differing]) => {
    const { slots: _slots, ...rest } = parseBatchingParameters({ ...shared, ...differing }).options;
    return [name, rest] as const;
  });
  return own.length > 0 ? { ...options, signatures: Object.fromEntries(own) } : options;
}
