import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { errors } from "../errors.js";
import { checkPlatform } from "./custom-config.js";
import type { ModelConfig } from "./model-config.js";
import { type ConfigPlace, MODEL_OPTIONS, modelMessage } from "./model-options.js";

/** The fields of a `ModelConfig` message, by the names of its proto file. */
export type ModelFields = Readonly<Record<string, unknown>>;

/**
 * Reads a model from the checked fields of a `config` in a file; `where` is their place. Paths are resolved against
 * `folder`.
 *
 * @throws ServingError INVALID_ARGUMENT with the field, the expected value and the received value.
 */
export function readFileModel(fields: ModelFields, where: string, folder: string): ModelConfig {
  checkPlatform(fields, where);
  const custom = fields.custom_model_config as { readonly module_path: string } | undefined;
  // A custom model that needs no files uses the path of its module.
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
 * Reads a model from the `ModelConfig` message of a client, as protobufjs decodes it: absent strings are `""`.
 * Ignores options that clients must not set.
 *
 * @throws ServingError INVALID_ARGUMENT, with TF Serving's text for a relative path.
 */
export function readRemoteModel(message: ModelFields): ModelConfig {
  const fields = Object.entries(message).filter(([name]) => !modelMessage.fields[name]?.isFileOnly);
  return readModel(Object.fromEntries(fields), REMOTE_OPTIONS, {
    at: (field) => `model ${message.name}: ${field}`,
    path(path) {
      // A URI that no source serves is rejected later, with the reason.
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

/** Returns a URI unchanged, except for `file:`; the source of its scheme reports problems. */
function resolvePath(path: string, folder: string): string {
  if (/^file:\/\//i.test(path)) return fileURLToPath(path);
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) ? path : resolve(folder, path);
}
