import { join } from "node:path";
import type { ServerFlags } from "./server-flags.js";

/** The environment variables of the process by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Fills flags that are not set from environment variables, like the entry point of TF Serving's container image.
 * `MODEL_NAME` sets `--model_name`. `MODEL_BASE_PATH` is the folder or URI of all models; with the model's name
 * appended it sets `--model_base_path`. Empty variables are ignored.
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

/**
 * Appends a name to a folder or a URI. Does not use `join` for URIs, because it would merge the slashes of
 * `memory://`.
 */
function below(models: string, name: string): string {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(models)) return join(models, name);
  const parent = models.replace(/(?<=[^/:])\/+$/, "");
  return parent.endsWith("/") ? `${parent}${name}` : `${parent}/${name}`;
}
