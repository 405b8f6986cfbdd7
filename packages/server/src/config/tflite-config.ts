import type { z } from "zod";
import {
  choice,
  flag,
  type OptionFields,
  optionsOf,
  optionsSchemaOf,
  positive,
} from "./wire-fields.js";
import { messageField, type WireValues, wireMessage } from "./wire-message.js";

/** Options of a single `.tflite` model: see `TfliteOptions` of servable-tflite. */
export interface TfliteModelOptions {
  readonly state?: "fresh" | "keep" | undefined;
  readonly uncheckedOps?: "refuse" | "allow" | undefined;
  /** In bytes, from 1 to 2^31 - 1. */
  readonly maxTensorBytes?: number | undefined;
  readonly resizeFixed?: boolean | undefined;
  readonly batch?: "fixed" | "resize" | undefined;
}

const fields = {
  state: choice(
    1,
    ["fresh", "keep"],
    "The variables at the start of a call: initial values, or those of the previous call. Default fresh.",
  ),
  unchecked_ops: choice(
    2,
    ["refuse", "allow"],
    "Whether to load the model if it computes an index, size or divisor without a check. " +
      "Default refuse.",
  ),
  max_tensor_bytes: positive(3, 2 ** 31 - 1, "Maximum size of one tensor in bytes. Default 1 GiB."),
  resize_fixed: flag(4, "Whether sizes that the file fixes are changed to those of a call."),
  batch: choice(
    5,
    ["fixed", "resize"],
    "Batching of a model with a fixed batch of 1. Default fixed.",
  ),
} as const satisfies OptionFields<TfliteModelOptions>;

const message = wireMessage("TfliteOptions", fields);

/** The options of one `.tflite` model. */
export const tfliteField = messageField(
  message,
  "How this .tflite model runs, instead of the flags.",
);

/** Checks `TfliteModelOptions`. */
export const tfliteOptionsSchema: z.ZodType = optionsSchemaOf(fields);

/** Returns the options from their fields. */
export const readTfliteOptions = (values: WireValues<typeof fields>): TfliteModelOptions =>
  optionsOf<TfliteModelOptions>(fields, values);
