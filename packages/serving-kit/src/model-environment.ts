import { join } from "node:path";
import type { ServerFlags } from "./server-flags.js";

/** The environment variables of the process by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The flags with the environment's variables instead of those that were not given, as the
 * entry point of TF Serving's container image has them: `MODEL_NAME` is `--model_name`, and
 * `MODEL_BASE_PATH`, the folder of all models, with the model's name below it is
 * `--model_base_path`; it may be a URI. Empty variables count as none.
 */
export function withModelEnvironment(
  flags: ServerFlags,
  given: ReadonlySet<string>,
  { MODEL_NAME: name, MODEL_BASE_PATH: models }: Environment,
): ServerFlags {
  const model_name = given.has("model_name") || !name ? flags.model_name : name;
  const isNamed = given.has("model_base_path") || !models;
  const model_base_path = isNamed ? flags.model_base_path : below(models, name || model_name);
  return { ...flags, model_name, model_base_path };
}

/** A name below a folder, or below a URI, whose slashes `join` would merge: `memory://` may be all of it. */
function below(models: string, name: string): string {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(models)) return join(models, name);
  const parent = models.replace(/(?<=[^/:])\/+$/, "");
  return parent.endsWith("/") ? `${parent}${name}` : `${parent}/${name}`;
}
