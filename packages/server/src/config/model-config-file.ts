import { dirname, extname } from "node:path";
import { isServingError, type Logger, messageOf, silentLogger } from "@serving-kit/core";
import { errors } from "../errors.js";
import { readBounded } from "./bounded-file.js";
import { check } from "./check-options.js";
import { messageAt, placeOf } from "./field-place.js";
import type { ModelConfig } from "./model-config.js";
import { ignoredIn, withProtoNames } from "./model-config-names.js";
import { modelServerConfig } from "./model-config-schema.js";
import {
  type ModelConfigText,
  modelServerConfigType,
  parseModelConfigText,
} from "./model-config-text.js";
import { parseYaml } from "./model-config-yaml.js";
import { type ModelFields, readFileModel } from "./read-model-config.js";

/**
 * Parses the text of a model config file: TF Serving's ModelServerConfig in protobuf's text format, or the same
 * fields in JSON or YAML, by the names of the proto file or of protobuf's JSON form. The format follows from the
 * extension of `path` (`.json`, `.yaml`, `.yml`); otherwise a text that starts with `{` is JSON.
 *
 * Relative paths in it are resolved against the folder of `path`; TF Serving rejects them. A file without a
 * `model_config_list` has no models. Fields without effect are logged.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with the line or the field, the expected and the
 * received value; for a misplaced field, where it belongs.
 */
export function parseModelConfig(
  text: string,
  path: string,
  logger: Logger = silentLogger,
): readonly ModelConfig[] {
  return modelsOf(text, path, logger) ?? [];
}

/** As `parseModelConfig`; returns undefined for a file that configures nothing yet. */
export function modelsOf(
  text: string,
  path: string,
  logger: Logger,
): readonly ModelConfig[] | undefined {
  try {
    const { fields, ignored } = parse(text, path, logger);
    checkFields(fields);
    const { model_config_list: list } = fields as ServerConfigFields;
    if (list === undefined) return undefined;
    const { config = [] } = list;
    tellIgnored([...ignored, ...ignoredIn(fields, modelServerConfig)], path, logger);
    const names = new Set<unknown>();
    for (const { name } of config) {
      if (names.has(name)) {
        throw new Error(`Illegal to list model ${name} multiple times in config list`);
      }
      names.add(name);
    }
    return config.map((model, index) =>
      readFileModel(model, `model_config_list.config[${index}]`, dirname(path)),
    );
  } catch (error) {
    if (isServingError(error) && error.reason === "CONFIG_FILE_INVALID") throw error;
    throw errors.configFileInvalid(path, messageOf(error), error);
  }
}

/** A parsed model config file. */
export interface ModelConfigFile {
  readonly path: string;
  readonly text: string;
  readonly models: readonly ModelConfig[];
}

/**
 * Reads a model config file of at most 1 MiB: see `parseModelConfig`.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or as `parseModelConfig`.
 */
export async function readModelConfigFile(
  path: string,
  logger?: Logger,
): Promise<readonly ModelConfig[]> {
  return (await openModelConfigFile(path, logger)).models;
}

/**
 * Reads a model config file for `watchModelConfig`, which watches it from then on.
 *
 * @throws as `readModelConfigFile`.
 *
 * @example
 * ```ts
 * const file = await openModelConfigFile("models.yaml");
 * const server = await createModelServer({ models: file.models });
 * ```
 */
export async function openModelConfigFile(
  path: string,
  logger: Logger = silentLogger,
): Promise<ModelConfigFile> {
  const text = await readModelConfigText(path);
  const models = modelsOf(text, path, logger);
  if (models === undefined) logger.info({ path }, `${path}: Taking no action for empty config.`);
  return { path, text, models: models ?? [] };
}

/** Returns the text of a model config file. Throws CONFIG_FILE_UNREADABLE. */
export function readModelConfigText(path: string): Promise<string> {
  return readBounded(path).catch((error) => {
    throw errors.configFileUnreadable("model config file", path, error);
  });
}

interface ServerConfigFields {
  readonly model_config_list?: { readonly config?: readonly ModelFields[] };
}

function parse(text: string, path: string, logger: Logger): ModelConfigText {
  const isYaml = /^\.(json|ya?ml)$/i.test(extname(path)) || /^\s*\{/.test(text);
  if (!isYaml) return parseModelConfigText(text, path, logger);
  return { fields: withProtoNames(parseYaml(text) ?? {}, modelServerConfig), ignored: [] };
}

/** Throws CONFIG_INVALID with the first problem; for a misplaced field, with the place where it belongs. */
function checkFields(fields: unknown): void {
  try {
    check(modelServerConfig.schema, fields, "");
  } catch (error) {
    const message = messageOf(error);
    const [, where = "", field] = /^(?:(.*): )?unknown option (\w+)/.exec(message) ?? [];
    if (field === undefined) throw error;
    const way = where.split(".").filter(Boolean);
    const names = way.map((name) => name.replace(/\[\d+\]$/, ""));
    const at = messageAt(modelServerConfigType, names) ?? modelServerConfigType;
    const place = placeOf(modelServerConfigType, at, field, (found) => found.join("."));
    throw errors.configInvalid(`${message}${place}`);
  }
}

const REASONS = new Map([["model_type", "; model_platform names the platform"]]);

function tellIgnored(fields: readonly string[], path: string, logger: Logger): void {
  for (const field of new Set(fields)) {
    logger.warn({ path }, `${path}: ${field} has no effect${REASONS.get(field) ?? ""}`);
  }
}
