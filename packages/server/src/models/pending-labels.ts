import type { AspiredVersionsManager } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelOutcome } from "../config/model-outcome.js";
import { errors } from "../errors.js";

/**
 * Reverts the labels of a model that point at unavailable versions to their previous versions. Returns the model's
 * outcome, which is an error if a label was reverted.
 */
export function dropPendingLabels(
  manager: AspiredVersionsManager<Predictor>,
  outcome: ModelOutcome,
): ModelOutcome {
  const { name } = outcome;
  const labels = [...manager.labels(name)];
  const pending = labels.find(([, state]) => state.pending !== undefined);
  if (pending === undefined) return outcome;
  const kept = labels.flatMap(([label, { version }]) =>
    version === undefined ? [] : [[label, version] as const],
  );
  manager.setLabels(name, Object.fromEntries(kept));
  if (outcome.error) return outcome;
  const id = { name, version: pending[1].pending as bigint };
  return { name, error: errors.labelUnavailable(pending[0], id) };
}
