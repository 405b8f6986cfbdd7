import { type ServableVersionPolicy, toVersion } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { z } from "zod";
import { batchingField, readBatching } from "./batching-config.js";
import { customField, readPlatform } from "./custom-config.js";
import { loggingField, readLogging } from "./logging-config.js";
import type { ModelConfig } from "./model-config.js";
import { processingField, processingSchema, readProcessing } from "./processing-config.js";
import { pythonField, pythonOptionsSchema, readPythonOptions } from "./python-config.js";
import { requestLogSchema } from "./request-log-options.js";
import { readResources, resourcesField, resourcesSchema } from "./resources-config.js";
import { readTfliteOptions, tfliteField, tfliteOptionsSchema } from "./tflite-config.js";
import { readLabels, readVersionPolicy, versionPolicyField } from "./version-policy.js";
import { readWarmUp, warmUpField, warmUpSchema } from "./warm-up-config.js";
import { versionNumber, withoutEffect } from "./wire-fields.js";
import {
  protoText,
  type WireFields,
  type WireMessage,
  type WireValues,
  wireMessage,
} from "./wire-message.js";

/** The source of a model's fields: a file, or a message of a client. */
export interface ConfigPlace {
  /** Returns the name of a field for error messages. */
  readonly at: (field: string) => string;
  /** Resolves a path. Throws ServingError INVALID_ARGUMENT for a path that is not allowed here. */
  readonly path: (path: string) => string;
}

/** One option of a model, in every form in which it can be set. */
export interface ModelOption<T, F extends WireFields = WireFields> {
  /** Checks the option in JavaScript. */
  readonly check: z.ZodType;
  /** The fields of TF Serving's `ModelConfig` from which it is read; additional fields have numbers above 1000. */
  readonly fields: F;
  /** Returns the option from its fields; undefined if they are not set. Throws ServingError. */
  read(values: WireValues<F>, place: ConfigPlace): T | undefined;
  /** True if it is required in JavaScript. Default false. */
  readonly isRequired?: true;
  /** True if a client may set it by HandleReloadConfigRequest. Default false. */
  readonly isRemote?: true;
  /** Its name in a log line, if a change does not affect loaded versions. */
  readonly lasting?: string;
}

/** Infers the types of an option's fields. */
const option = <T, F extends WireFields>(one: ModelOption<T, F>): ModelOption<T> => one as never;

/** The name of a model. It appears in messages, logs and metrics. */
const NAME = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a name must not have
  .regex(/^[^\x00-\x1f\x7f-\x9f]+$/, "a non-empty string without control characters");

/**
 * Every option of a model. This table is the basis of the check of `ModelConfig`, the JSON Schema of model config
 * files, the readers of JSON, YAML and text protos, and the message of HandleReloadConfigRequest.
 */
export const MODEL_OPTIONS: {
  readonly [K in keyof ModelConfig]-?: ModelOption<NonNullable<ModelConfig[K]>>;
} = {
  name: option({
    check: NAME,
    fields: {
      name: {
        id: 1,
        type: "string",
        isRequired: true,
        schema: NAME.meta({
          description:
            "The name in paths such as /v1/models/digits. In REST paths / and : are written %2F and %3A.",
        }),
      },
    },
    read: ({ name }) => name,
    isRequired: true,
    isRemote: true,
  }),

  basePath: option({
    check: z.string().regex(/^[^\0]+$/, "a path or a URI"),
    fields: {
      base_path: {
        id: 2,
        type: "string",
        schema: z.string().meta({
          description:
            "The folder or URI that contains the versions, named by numbers. A relative path is resolved " +
            "against the folder of the configuration. Required unless the model_platform is custom.",
        }),
      },
    },
    read: ({ base_path: path = "" }, place) => place.path(path),
    isRequired: true,
    isRemote: true,
  }),

  platform: option({
    check: z.union(
      [z.string().min(1), z.custom<Platform>(isPlatform)],
      "the name of a platform, or a platform",
    ),
    fields: {
      model_platform: {
        id: 4,
        type: "string",
        schema: z.string().meta({
          description:
            "tensorflow, tflite, the name of a plugin, or custom. Default: detected from the files.",
        }),
      },
      model_type: {
        ...withoutEffect(
          "ModelType",
          3,
          "Used only by a Python module, which reads it from its config. Otherwise use model_platform.",
        ),
        hasEffectWith: "custom_model_config",
      },
      custom_model_config: { id: 1001, isFileOnly: true, ...customField },
    },
    read: readPlatform,
    isRemote: true,
  }),

  versionPolicy: option({
    check: z.custom<ServableVersionPolicy>(isPolicy, "latest(n), all() or specific([…])"),
    fields: { model_version_policy: { id: 7, ...versionPolicyField } },
    read: ({ model_version_policy: policy }, { at }) =>
      readVersionPolicy(policy, at("model_version_policy")),
    isRemote: true,
  }),

  labels: option({
    check: z.record(
      z.string().min(1),
      z.custom<bigint | number>(isVersionNumber, "an integer from 0 to 2^63 - 1"),
    ),
    fields: {
      version_labels: {
        id: 8,
        type: "int64",
        rule: "map",
        schema: z
          .record(z.string().min(1), versionNumber)
          .meta({ description: "Names for versions, such as stable and canary." }),
      },
    },
    read: ({ version_labels: labels }, { at }) =>
      labels && readLabels(labels, at("version_labels")),
    isRemote: true,
  }),

  requestLog: option({
    check: requestLogSchema,
    fields: { logging_config: { id: 6, ...loggingField } },
    read: ({ logging_config: logging }, { path }) => logging && readLogging(logging, path),
  }),

  batching: option({
    check: z.union(
      [z.boolean(), z.literal("auto"), z.looseObject({})],
      '"auto", true, false or batching options',
    ),
    fields: { batching: { id: 1002, isFileOnly: true, ...batchingField } },
    read: ({ batching }) => (batching === undefined ? undefined : readBatching(batching)),
    lasting: "batching",
  }),

  warmUp: option({
    check: warmUpSchema,
    fields: { warm_up: { id: 1006, isFileOnly: true, ...warmUpField } },
    read: ({ warm_up: warmUp }) => warmUp && readWarmUp(warmUp),
    lasting: "warm-up",
  }),

  resources: option({
    check: resourcesSchema,
    fields: { resources: { id: 1007, isFileOnly: true, ...resourcesField } },
    read: ({ resources }) => resources && readResources(resources),
    lasting: "resources",
  }),

  opLibraries: option({
    check: z.array(z.string().min(1), "an array of paths"),
    fields: {
      tensorflow_op_libraries: {
        id: 1003,
        type: "string",
        rule: "repeated",
        isFileOnly: true,
        schema: z.array(z.string().min(1)).meta({
          description:
            "Libraries with ops that this model's SavedModels need. A relative path is resolved " +
            "against the folder of the configuration.",
        }),
      },
    },
    read: ({ tensorflow_op_libraries: files = [] }, { path }) =>
      files.length > 0 ? files.map(path) : undefined,
    lasting: "op libraries",
  }),

  tflite: option({
    check: tfliteOptionsSchema,
    fields: { tflite: { id: 1004, isFileOnly: true, ...tfliteField } },
    read: ({ tflite }) => tflite && readTfliteOptions(tflite),
    lasting: "tflite options",
  }),

  python: option({
    check: pythonOptionsSchema,
    fields: { python: { id: 1005, isFileOnly: true, ...pythonField } },
    read: ({ python }, place) => python && readPythonOptions(python, place),
    lasting: "Python options",
  }),

  processing: option({
    check: processingSchema,
    fields: { processing: { id: 1008, isFileOnly: true, ...processingField } },
    read: ({ processing }) => processing && readProcessing(processing),
    lasting: "processing",
  }),

  // Only a program can set it; files and clients cannot.
  expects: option({
    check: z.looseObject(
      { signatures: z.looseObject({}) },
      "{ signatures }, as serving-kit types writes it",
    ),
    fields: {},
    read: () => undefined,
  }),
};

/** Checks the options of a model. */
export const modelSchema: z.ZodType = z.strictObject(
  Object.fromEntries(
    Object.entries(MODEL_OPTIONS).map(([name, { check, isRequired }]) => [
      name,
      isRequired ? check : check.optional(),
    ]),
  ),
);

/** TF Serving's `ModelConfig` with additional fields. */
export const modelMessage: WireMessage = wireMessage(
  "ModelConfig",
  Object.assign({}, ...Object.values(MODEL_OPTIONS).map(({ fields }) => fields)) as WireFields,
);

/**
 * The messages that a client may send for a model, as text of a `.proto` file: `ModelConfig` and its nested messages.
 */
export const modelConfigProto = (): string => protoText(modelMessage);

function isVersionNumber(value: unknown): boolean {
  try {
    toVersion(value as bigint | number);
    return typeof value === "bigint" || typeof value === "number";
  } catch {
    return false;
  }
}

function isPolicy(value: unknown): boolean {
  const kind = (value as Partial<ServableVersionPolicy> | null)?.kind;
  return kind === "latest" || kind === "all" || kind === "specific";
}

function isPlatform(value: unknown): boolean {
  const { platformName, loader } = (value ?? {}) as Partial<Platform>;
  return typeof platformName === "string" && typeof loader === "function";
}
