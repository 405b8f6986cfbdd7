import { isVersion, parseVersion } from "@serving-kit/core";
import { z } from "zod";

/** A whole number as a reader gives it: a number, a bigint, or its decimal digits. */
const isWhole = (value: unknown): boolean =>
  typeof value === "string" ? parseVersion(value) !== undefined : isNumber(value);

const isNumber = (value: unknown): boolean =>
  isVersion(typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value);

const whole = (description: string) =>
  z
    .custom<bigint | number | string>(isWhole, "an integer from 0 to 2^63 - 1")
    .meta({ type: "integer", minimum: 0, description });

const version = z.custom<bigint | number | string>(isWhole, "an integer from 0 to 2^63 - 1").meta({
  anyOf: [
    { type: "integer", minimum: 0 },
    { type: "string", pattern: "^[0-9]{1,19}$" },
  ],
  description: "The number of a version; beyond 2^53 - 1 better as a text.",
});

const latest = z
  .strictObject({
    num_versions: whole("How many. Default 1, which 0 stands for as well.").optional(),
  })
  .meta({ description: "The newest versions." });

const versionPolicy = z
  .strictObject({
    latest: latest.optional(),
    all: z.strictObject({}).meta({ description: "All versions." }).optional(),
    specific: z
      .strictObject({ versions: z.array(version).optional() })
      .meta({ description: "The versions that are listed." })
      .optional(),
  })
  .refine((policy) => Object.keys(policy).length < 2, "one of latest, all and specific")
  .meta({
    maxProperties: 1,
    description: "Which versions are served. Default the newest one.",
  });

/** A field of TF Serving without effect here. */
const withoutEffect = z
  .unknown()
  .meta({ deprecated: true, description: "Has no effect." })
  .optional();

const loggingConfig = z
  .strictObject({
    log_collector_config: z.strictObject({
      type: z.enum(["jsonl", "tfrecord"]).meta({
        description: "Lines of JSON, or a TFRecord file that can be used as warm-up requests.",
      }),
      filename_prefix: z
        .string()
        .min(1)
        .meta({
          description:
            "The file without its ending, which is the type. A relative path is resolved against the " +
            "folder of the configuration.",
        }),
    }),
    custom_logging_config: withoutEffect,
    sampling_config: z
      .strictObject({
        per_task_sampling_configs: withoutEffect,
        attributes: withoutEffect,
        sampling_rate: z
          .number()
          .min(0)
          .max(1)
          .meta({ description: "The share of the requests that is logged. Default 1." })
          .optional(),
      })
      .optional(),
  })
  .meta({ description: "Logs requests of this model that succeed." });

const customModelConfig = z
  .strictObject({
    module_path: z.string().min(1).meta({
      description:
        "A JavaScript module. A relative path is resolved against the folder of the configuration.",
    }),
    model_class_name: z
      .string()
      .min(1)
      .meta({
        description:
          "The export of the module: a platform, or a function (path, config) => Predictor. Default " +
          '"default".',
      })
      .optional(),
    options: z
      .record(z.string(), z.unknown())
      .meta({ description: "What the module is given as it stands." })
      .optional(),
  })
  .meta({ description: "What loads the model, with the model_platform custom." });

const signatureBatching = {
  max_batch_size: whole("The most rows of a batch. Default 1000.").optional(),
  batch_timeout_micros: whole("For how long a batch waits for more rows. Default 0.").optional(),
  max_enqueued_batches: whole("How many batches may wait. Default 10.").optional(),
  allowed_batch_sizes: z
    .array(whole("A batch size."))
    .meta({ description: "The sizes that batches are padded to, increasing." })
    .optional(),
  pad_variable_length_inputs: z
    .boolean()
    .meta({ description: "Whether inputs are padded to one shape. Default false." })
    .optional(),
  enable_large_batch_splitting: z
    .boolean()
    .meta({ description: "Whether a call with more rows than a batch is cut. Default false." })
    .optional(),
  max_execution_batch_size: whole(
    "The most rows of a batch where large calls are cut. Default max_batch_size.",
  ).optional(),
};

const batching = z
  .union([
    z.boolean(),
    z.strictObject({
      ...signatureBatching,
      num_batch_threads: whole(
        "How many batches of this model run at a time. Default: it shares the server's slots.",
      ).optional(),
      signatures: z
        .record(z.string(), z.strictObject(signatureBatching))
        .meta({ description: "What differs for signatures, by name." })
        .optional(),
    }),
  ])
  .meta({
    description:
      "How this model is batched, in place of what the flags say: false for not at all, true for " +
      "batches that grow by themselves, or TF Serving's BatchingParameters.",
  });

const tflite = z
  .strictObject({
    state: z
      .enum(["fresh", "keep"])
      .meta({ description: "What calls find in the model's variables. Default fresh." })
      .optional(),
    unchecked_ops: z
      .enum(["refuse", "allow"])
      .meta({
        description:
          "Whether the model loads although it computes an index, size or divisor that nothing checks. " +
          "Default refuse.",
      })
      .optional(),
    max_tensor_bytes: whole("Maximum size of one tensor in bytes. Default 1 GiB.").optional(),
    resize_fixed: z
      .boolean()
      .meta({ description: "Whether extents that the file fixes are resized to those of a call." })
      .optional(),
    batch: z
      .enum(["fixed", "resize"])
      .meta({ description: "Batching of a model with a fixed batch of 1. Default fixed." })
      .optional(),
  })
  .meta({ description: "How this .tflite model is run, instead of what the flags say." });

const config = z.strictObject({
  name: z.string().regex(/^.+$/s, "a non-empty string").meta({
    description:
      "The name in paths such as /v1/models/digits. In REST paths / and : are written %2F and %3A.",
  }),
  base_path: z
    .string()
    .meta({
      description:
        "The folder whose subfolders named by numbers are the versions. A relative path is resolved " +
        "against the folder of the configuration. Needed unless the model_platform is custom.",
    })
    .optional(),
  model_platform: z
    .string()
    .meta({
      description:
        "tensorflow, tflite, the name of a plugin, or custom. Default: found out by the files.",
    })
    .optional(),
  model_type: z
    .unknown()
    .meta({ deprecated: true, description: "Has no effect; use model_platform." })
    .optional(),
  model_version_policy: versionPolicy.optional(),
  version_labels: z
    .record(z.string().min(1), version)
    .meta({ description: "Names for versions, such as stable and canary." })
    .optional(),
  logging_config: loggingConfig.optional(),
  custom_model_config: customModelConfig.optional(),
  batching: batching.optional(),
  tensorflow_op_libraries: z
    .array(z.string().min(1))
    .meta({
      description:
        "Libraries with ops that the SavedModels of this model need. A relative path is resolved " +
        "against the folder of the configuration.",
    })
    .optional(),
  tflite: tflite.optional(),
});

/** What one `config` of a model config file may hold, by the names of TF Serving's proto file. */
export type ModelConfigFields = z.infer<typeof config>;

/**
 * A model config file: TF Serving's `ModelServerConfig`, and what it has no field for
 * (`custom_model_config` of a model, `batching`, `tensorflow_op_libraries`, `tflite`).
 */
export const modelServerConfigSchema = z.strictObject({
  $schema: z.string().meta({ description: "Where this schema is." }).optional(),
  model_config_list: z
    .strictObject({
      config: z.array(config).optional().meta({ description: "The models. Default none." }),
    })
    .optional(),
});

/** A model config file that was checked. */
export type ModelServerConfigFields = z.infer<typeof modelServerConfigSchema>;

/** The address of the published schema. */
const SCHEMA_ID = "https://unpkg.com/@serving-kit/server/model-config.schema.json";

/** The JSON Schema (draft 2020-12) of a model config file in JSON or YAML. */
export function modelConfigJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(modelServerConfigSchema, {
    io: "input",
    unrepresentable: "any",
  });
  const title = "Models of a serving-kit model server";
  return { $schema, $id: SCHEMA_ID, title, ...schema };
}
