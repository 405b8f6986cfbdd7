import { z } from "zod";
import type { RequestLogFileOptions } from "./request-log-options.js";
import { withoutEffect } from "./wire-fields.js";
import { messageField, type WireValues, wireMessage } from "./wire-message.js";

const collector = wireMessage("LogCollectorConfig", {
  type: {
    id: 1,
    type: "string",
    isRequired: true,
    schema: z.enum(["jsonl", "tfrecord"]).meta({
      description: "JSON lines, or a TFRecord file that can be used as warm-up requests.",
    }),
  },
  filename_prefix: {
    id: 2,
    type: "string",
    isRequired: true,
    schema: z
      .string()
      .min(1)
      .meta({
        description:
          "The path of the file without its extension, which is the type. A relative path is resolved against the " +
          "folder of the configuration.",
      }),
  },
});

const sampling = wireMessage("SamplingConfig", {
  sampling_rate: {
    id: 1,
    type: "double",
    schema: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: "The fraction of requests that are logged. Default 1." }),
  },
  per_task_sampling_configs: withoutEffect(),
  attributes: withoutEffect(),
});

const logging = wireMessage("LoggingConfig", {
  log_collector_config: {
    id: 1,
    type: collector,
    isRequired: true,
    schema: collector.schema,
  },
  sampling_config: { id: 2, type: sampling, schema: sampling.schema },
  custom_logging_config: withoutEffect("google.protobuf.Any", 3),
});

/** TF Serving's `LoggingConfig`. */
export const loggingField = messageField(logging, "Logs successful requests to this model.");

/** Returns the request log that a `LoggingConfig` describes. `path` resolves its paths. */
export function readLogging(
  { log_collector_config, sampling_config }: WireValues<(typeof logging)["fields"]>,
  path: (path: string) => string,
): RequestLogFileOptions {
  const { type, filename_prefix } = log_collector_config;
  const samplingRate = sampling_config?.sampling_rate ?? 1;
  return { type, filenamePrefix: path(filename_prefix), samplingRate };
}
