import { type ModelConfig, openModelConfigFile } from "@serving-kit/server";
import { errors } from "./errors.js";
import { textOrNone } from "./flag-kinds.js";

/** The flag of subcommands that take the name of a model in a model config file instead of a path. */
export const configuredFlags = {
  model_config_file: textOrNone(
    "file",
    "Interprets the argument as the name of a model in this model config file, and includes its processing.",
  ),
};

/**
 * Resolves the argument of a subcommand to a model: by its name in a model config file, or by its path.
 *
 * @throws ServingError NOT_FOUND / MODEL_NOT_FOUND if the file has no such model; CONFIG_FILE_INVALID.
 */
export async function configuredModel(
  operand: string,
  file: string,
): Promise<Pick<ModelConfig, "basePath" | "platform" | "processing">> {
  if (file === "") return { basePath: operand };
  const { models } = await openModelConfigFile(file);
  const found = models.find(({ name }) => name === operand);
  if (found === undefined)
    throw errors.modelNotConfigured(
      operand,
      file,
      models.map((m) => m.name),
    );
  return found;
}
