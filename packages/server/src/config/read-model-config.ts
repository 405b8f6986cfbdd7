import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { errors } from "../errors.js";
import { checkPlatform } from "./custom-config.js";
import { type ConfigPlace, MODEL_OPTIONS, type ModelConfig, modelMessage } from "./model-config.js";

/** The fields of a `ModelConfig` message, by the names of its proto file. */
export type ModelFields = Readonly<Record<string, unknown>>;

/**
 * Reads a model from the fields of a `config` of a file, which stand at `where` and were checked. Paths
 * are resolved against `folder`.
 *
 * @throws ServingError INVALID_ARGUMENT with the field, what was expected there and what was given.
 */
export function readFileModel(fields: ModelFields, where: string, folder: string): ModelConfig {
  checkPlatform(fields, where);
  const custom = fields.custom_model_config as { readonly module_path: string } | undefined;
  // A custom model that needs no files has its module for a path.
  const base_path = fields.base_path || custom?.module_path;
  if (!base_path) throw errors.configInvalid(`${where}.base_path: expected a path; got none`);
  return readModel({ ...fields, base_path }, Object.keys(MODEL_OPTIONS), {
    at: (field) => `${where}.${field}`,
    path: (path) => resolvePath(path, folder),
  });
}

/** The options that clients may set. */
const REMOTE_OPTIONS = Object.entries(MODEL_OPTIONS).flatMap(([name, { isRemote }]) =>
  isRemote ? [name] : [],
);

/**
 * Reads a model from the `ModelConfig` message of a client, as protobufjs decodes it: absent strings are
 * `""`. Options that clients may not set are ignored.
 *
 * @throws ServingError INVALID_ARGUMENT, with TF Serving's text for a relative path.
 */
export function readRemoteModel(message: ModelFields): ModelConfig {
  const fields = Object.entries(message).filter(([name]) => !modelMessage.fields[name]?.isFileOnly);
  return readModel(Object.fromEntries(fields), REMOTE_OPTIONS, {
    at: (field) => `model ${message.name}: ${field}`,
    path(path) {
      // An address that no source serves is rejected with the reason, as everywhere.
      if (isAbsolute(path) || path.includes("://")) return path;
      throw errors.configInvalid(
        `Expected model ${message.name} to have an absolute path or URI; got base_path()=${path}`,
      );
    },
  });
}

function readModel(fields: ModelFields, names: readonly string[], place: ConfigPlace): ModelConfig {
  const options = names.map((name) => [
    name,
    MODEL_OPTIONS[name as keyof ModelConfig].read(fields as never, place),
  ]);
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}

/** An address stays as it is, except for `file:`: the source of its scheme says what is wrong. */
function resolvePath(path: string, folder: string): string {
  if (/^file:\/\//i.test(path)) return fileURLToPath(path);
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) ? path : resolve(folder, path);
}
