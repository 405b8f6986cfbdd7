import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BatchingOptions, parseBatchingParameters } from "@serving-kit/batching";
import type { Platform } from "@serving-kit/inference";
import { CUSTOM_PLATFORM } from "../custom/custom-module.js";
import { customPlatform } from "../custom/custom-platform.js";
import type { ModelConfig, TfliteModelOptions } from "./model-config.js";
import type { ModelConfigFields } from "./model-config-schema.js";
import type { RequestLogFileOptions } from "./request-log-options.js";
import { labelsFromFields, policyFromFields } from "./version-fields.js";

/**
 * Makes a model of the fields of a `config`, which stand at `where` of a configuration and were checked.
 * Its paths are resolved against `folder`.
 *
 * @throws Error with the field, what was expected there and what was given.
 */
export function modelFromFields(
  fields: ModelConfigFields,
  where: string,
  folder: string,
): ModelConfig {
  const { name, base_path, custom_model_config: custom, logging_config: logging } = fields;
  const platform = toPlatform(fields, where, folder);
  // A custom model that needs no files has its module for a path.
  const path = base_path || custom?.module_path;
  if (!path) throw new Error(`${where}.base_path: expected a path; got none`);
  const versionPolicy = policyFromFields(
    fields.model_version_policy,
    `${where}.model_version_policy`,
  );
  return {
    name,
    basePath: resolvePath(path, folder),
    ...(platform && { platform }),
    ...(versionPolicy && { versionPolicy }),
    ...(fields.version_labels && {
      labels: labelsFromFields(fields.version_labels, `${where}.version_labels`),
    }),
    ...(logging && { requestLog: toRequestLog(logging, folder) }),
    ...(fields.batching !== undefined && { batching: toBatching(fields.batching) }),
    ...(fields.tflite && { tflite: toTfliteOptions(fields.tflite) }),
    ...(fields.tensorflow_op_libraries?.length && {
      opLibraries: fields.tensorflow_op_libraries.map((file) => resolvePath(file, folder)),
    }),
  };
}

function toPlatform(
  { model_platform: platform, custom_model_config: custom }: ModelConfigFields,
  where: string,
  folder: string,
): string | Platform | undefined {
  if (custom === undefined && platform !== CUSTOM_PLATFORM) return platform || undefined;
  if (custom === undefined || platform !== CUSTOM_PLATFORM) {
    throw new Error(
      `${where}: expected model_platform "${CUSTOM_PLATFORM}" and a custom_model_config, or neither; ` +
        `got model_platform ${JSON.stringify(platform)} and ${custom ? "a" : "no"} custom_model_config`,
    );
  }
  const { module_path, model_class_name: exportName, options } = custom;
  return customPlatform({
    modulePath: resolvePath(module_path, folder),
    ...(exportName !== undefined && { exportName }),
    ...(options && { options }),
  });
}

/** What has another scheme than `file:` stays as it is: whoever uses the path says what is wrong. */
function resolvePath(path: string, folder: string): string {
  if (/^file:\/\//i.test(path)) return fileURLToPath(path);
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) ? path : resolve(folder, path);
}

function toTfliteOptions({
  unchecked_ops: uncheckedOps,
  max_tensor_bytes: maxTensorBytes,
  resize_fixed: resizeFixed,
  state,
  batch,
}: NonNullable<ModelConfigFields["tflite"]>): TfliteModelOptions {
  return {
    ...(state && { state }),
    ...(uncheckedOps && { uncheckedOps }),
    ...(maxTensorBytes !== undefined && { maxTensorBytes: Number(maxTensorBytes) }),
    ...(resizeFixed !== undefined && { resizeFixed }),
    ...(batch && { batch }),
  };
}

function toRequestLog(
  {
    log_collector_config: { type, filename_prefix },
    sampling_config,
  }: NonNullable<ModelConfigFields["logging_config"]>,
  folder: string,
): RequestLogFileOptions {
  const samplingRate = sampling_config?.sampling_rate ?? 1;
  return { type, filenamePrefix: resolvePath(filename_prefix, folder), samplingRate };
}

function toBatching(fields: NonNullable<ModelConfigFields["batching"]>): boolean | BatchingOptions {
  if (typeof fields === "boolean") return fields;
  const { signatures = {}, ...shared } = fields;
  const { options } = parseBatchingParameters(shared);
  const own = Object.entries(signatures).map(([name, differing]) => {
    const { slots: _slots, ...rest } = parseBatchingParameters({ ...shared, ...differing }).options;
    return [name, rest] as const;
  });
  return own.length > 0 ? { ...options, signatures: Object.fromEntries(own) } : options;
}
