import { RAM_BYTES, type Resources } from "@serving-kit/core";
import { z } from "zod";
import { whole } from "./wire-fields.js";
import { messageField, type WireField, type WireValues, wireMessage } from "./wire-message.js";

const fields = {
  ram_bytes: {
    id: 1,
    type: "int64",
    schema: whole("Bytes of main memory that a loaded version holds."),
  },
} as const satisfies Record<string, WireField>;

const message = wireMessage("ModelResources", fields);

/** The resources of a loaded version of one model. */
export const resourcesField = messageField(
  message,
  "The resources of a loaded version of this model, instead of the platform's estimate. The server reserves " +
    "them before it loads a version.",
);

/** Checks the resources of a model. */
export const resourcesSchema: z.ZodType = z.record(z.string().min(1), z.number().min(0));

/** Returns the resources from their fields. */
export function readResources({ ram_bytes: bytes }: WireValues<typeof fields>): Resources {
  return bytes === undefined ? {} : { [RAM_BYTES]: Number(bytes) };
}
