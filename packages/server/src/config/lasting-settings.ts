import { isDeepStrictEqual } from "node:util";
import { MODEL_OPTIONS, type ModelConfig } from "./model-config.js";
import type { ResolvedModel } from "./resolve-models.js";

/**
 * What of a model's new configuration does not count for versions that are loaded, one sentence each:
 * they keep their path, their platform and their batching.
 */
export function lastingSettings(before: ResolvedModel, now: ResolvedModel): string[] {
  const { name } = now;
  const sentences: string[] = [];
  if (now.basePath !== before.basePath) {
    sentences.push(
      `model ${name}: ${now.basePath} replaces ${before.basePath}; a version that is loaded ` +
        "is not loaded again from there",
    );
  }
  if (!isDeepStrictEqual(moduleOf(now), moduleOf(before))) {
    sentences.push(`model ${name}: its module has changed; versions that are loaded keep theirs`);
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
