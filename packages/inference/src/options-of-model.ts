import { withoutUndefined } from "@serving-kit/core";
import { warmUpOf } from "./warm-up-options.js";

/**
 * Returns the options of a platform, overridden by the model's own options, if they are set.
 *
 * @throws as `check` does for the model's own options.
 */
export function optionsOfModel<O extends object>(
  options: O,
  own: unknown,
  check: (own: O) => void,
): O {
  const ofModel = { ...(own as O | undefined) } as O;
  check(ofModel);
  return { ...options, ...withoutUndefined(ofModel) };
}

/** Returns the model's own options under the name of its platform, with `warmup` set from its `warmUp`. */
export function ownOptions(
  own: Readonly<Record<string, unknown>> = {},
  platform: string,
): Readonly<Record<string, unknown>> {
  const { enabled } = warmUpOf(own);
  return { ...(own[platform] as object), ...(enabled !== undefined && { warmup: enabled }) };
}
