import type { WarmUpOptions } from "@serving-kit/inference";
import type { z } from "zod";
import { flag, type OptionFields, optionsOf, optionsSchemaOf, positive } from "./wire-fields.js";
import { messageField, type WireValues, wireMessage } from "./wire-message.js";

const fields = {
  enabled: flag(1, "Whether versions are warmed up before they are available."),
  iterations: positive(
    2,
    1_000_000,
    "How often each request in assets.extra/tf_serving_warmup_requests is run.",
  ),
} as const satisfies OptionFields<WarmUpOptions>;

const message = wireMessage("WarmUpOptions", fields);

/** The warm-up of the versions of one model. */
export const warmUpField = messageField(
  message,
  "How this model is warmed up, instead of the flags.",
);

/** Checks `WarmUpOptions`. */
export const warmUpSchema: z.ZodType = optionsSchemaOf(fields);

/** Returns the options from their fields. */
export const readWarmUp = (values: WireValues<typeof fields>): WarmUpOptions =>
  optionsOf<WarmUpOptions>(fields, values);
