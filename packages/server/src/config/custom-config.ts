import type { Platform } from "@serving-kit/inference";
import { z } from "zod";
import { CUSTOM_PLATFORM } from "../custom/custom-module.js";
import { customPlatform } from "../custom/custom-platform.js";
import { errors } from "../errors.js";
import type { ConfigPlace } from "./model-options.js";
import { messageField, type WireValues, wireMessage } from "./wire-message.js";

const message = wireMessage("CustomModelConfig", {
  module_path: {
    id: 1,
    type: "string",
    isRequired: true,
    schema: z.string().min(1).meta({
      description:
        "A JavaScript module, or one in Python (.py). A relative path is resolved against the folder of the configuration.",
    }),
  },
  model_class_name: {
    id: 2,
    type: "string",
    schema: z
      .string()
      .min(1)
      .meta({
        description:
          "The export of the module: a platform, or a function (path, config) => Predictor. Default " +
          '"default".',
      }),
  },
  options: {
    id: 3,
    type: "string",
    rule: "map",
    schema: z
      .record(z.string(), z.unknown())
      .meta({ description: "Options that are passed to the module unchanged." }),
  },
});

/** The module that loads a model. */
export const customField = messageField(
  message,
  "The module that loads the model. Requires model_platform custom.",
);

/** The fields of a model that name its platform. */
interface PlatformFields {
  readonly model_platform?: string | undefined;
  readonly model_type?: unknown;
  readonly custom_model_config?: WireValues<(typeof message)["fields"]> | undefined;
}

/** Returns the platform that a model requests: that of its module, or a name; undefined if it requests none. */
export function readPlatform(
  { model_platform: platform, model_type: modelType, custom_model_config: custom }: PlatformFields,
  { path }: ConfigPlace,
): string | Platform | undefined {
  if (custom === undefined) return platform || undefined;
  const { module_path, model_class_name: exportName, options } = custom;
  return customPlatform({
    modulePath: path(module_path),
    ...(exportName !== undefined && { exportName }),
    ...(options && { options }),
    ...(typeof modelType === "string" && { modelType }),
  });
}

/**
 * Checks that a model of a file has a module if, and only if, its platform is `custom`.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID.
 */
export function checkPlatform(
  { model_platform: platform, custom_model_config: custom }: PlatformFields,
  where: string,
): void {
  if ((custom !== undefined) === (platform === CUSTOM_PLATFORM)) return;
  throw errors.configInvalid(
    `${where}: expected model_platform "${CUSTOM_PLATFORM}" and a custom_model_config, or neither; ` +
      `got model_platform ${JSON.stringify(platform)} and ${custom ? "a" : "no"} custom_model_config`,
  );
}
