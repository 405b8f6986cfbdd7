import { isDeepStrictEqual } from "node:util";
import type { ModelConfig } from "./model-config.js";
import { MODEL_OPTIONS } from "./model-options.js";
import type { ResolvedModel } from "./resolve-models.js";

/**
 * Returns one sentence for each change of a model's configuration that does not affect loaded versions: they keep
 * their path, their platform and their batching.
 */
export function lastingSettings(before: ResolvedModel, now: ResolvedModel): string[] {
  const { name } = now;
  const sentences: string[] = [];
  if (now.basePath !== before.basePath) {
    sentences.push(
      `model ${name}: base path changed from ${before.basePath} to ${now.basePath}; loaded versions ` +
        "are not reloaded",
    );
  }
  if (!isDeepStrictEqual(moduleOf(now), moduleOf(before))) {
    sentences.push(`model ${name}: its module changed; loaded versions keep theirs`);
  }
  for (const [option, { lasting }] of Object.entries(MODEL_OPTIONS)) {
    const key = option as keyof ModelConfig;
    if (lasting && !isDeepStrictEqual(now[key], before[key])) {
      sentences.push(`model ${name}: its ${lasting} changed; loaded versions keep theirs`);
    }
  }
  return sentences;
}

const moduleOf = ({ platform }: ResolvedModel): unknown =>
  platform !== undefined && typeof platform !== "string" && "custom" in platform
    ? platform.custom
    : undefined;
