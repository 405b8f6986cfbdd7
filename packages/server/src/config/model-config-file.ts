import { dirname, extname } from "node:path";
import { type Logger, messageOf, silentLogger } from "@serving-kit/core";
import { errors } from "../errors.js";
import { readBounded } from "./bounded-file.js";
import { check } from "./check-options.js";
import type { ModelConfig } from "./model-config.js";
import { modelFromFields } from "./model-config-fields.js";
import { withProtoNames } from "./model-config-names.js";
import { type ModelServerConfigFields, modelServerConfigSchema } from "./model-config-schema.js";
import { parseModelConfigText } from "./model-config-text.js";
import { parseYaml } from "./model-config-yaml.js";

/**
 * Reads the text of a model config file: TF Serving's ModelServerConfig in protobuf's text format, or
 * the same fields in JSON or YAML, by the names of the proto file or of protobuf's JSON form. Which of
 * them it is tells the ending of `path` (`.json`, `.yaml`, `.yml`), else whether it begins with `{`.
 *
 * Paths in it that are relative are resolved against the folder of `path`; TF Serving refuses them.
 * `model_type` has no effect, and is told to the logger.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the line or the field, what was
 * expected there and what was given.
 */
export function parseModelConfig(
  text: string,
  path: string,
  logger: Logger = silentLogger,
): readonly ModelConfig[] {
  try {
    const { fields, hasModelType } = parse(text, path);
    check(modelServerConfigSchema, fields, "");
    const { config = [] } = (fields as ModelServerConfigFields).model_config_list;
    if (hasModelType || config.some((model) => model.model_type !== undefined)) {
      logger.warn({ path }, `${path}: model_type has no effect; model_platform names the platform`);
    }
    const names = new Set<string>();
    for (const { name } of config) {
      if (names.has(name)) {
        throw new Error(`Illegal to list model ${name} multiple times in config list`);
      }
      names.add(name);
    }
    return config.map((model, index) =>
      modelFromFields(model, `model_config_list.config[${index}]`, dirname(path)),
    );
  } catch (error) {
    throw errors.configFileInvalid(path, messageOf(error), error);
  }
}

/** A model config file as it was read. */
export interface ModelConfigFile {
  readonly path: string;
  readonly text: string;
  readonly models: readonly ModelConfig[];
}

/**
 * Reads a model config file of at most 1 MiB: see `parseModelConfig`.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or what `parseModelConfig` throws.
 */
export async function readModelConfigFile(
  path: string,
  logger?: Logger,
): Promise<readonly ModelConfig[]> {
  return (await openModelConfigFile(path, logger)).models;
}

/**
 * Reads a model config file to be watched from then on, by `watchModelConfig`.
 *
 * @throws as `readModelConfigFile` does.
 */
export async function openModelConfigFile(path: string, logger?: Logger): Promise<ModelConfigFile> {
  const text = await readModelConfigText(path);
  return { path, text, models: parseModelConfig(text, path, logger) };
}

/** The text of a model config file. Throws CONFIG_FILE_UNREADABLE. */
export function readModelConfigText(path: string): Promise<string> {
  return readBounded(path).catch((error) => {
    throw errors.configFileUnreadable("model config file", path, error);
  });
}

function parse(text: string, path: string) {
  const isYaml = /^\.(json|ya?ml)$/i.test(extname(path)) || /^\s*\{/.test(text);
  if (!isYaml) return parseModelConfigText(text);
  return { fields: withProtoNames(parseYaml(text)), hasModelType: false };
}
