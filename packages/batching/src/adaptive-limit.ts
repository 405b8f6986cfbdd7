/** Minimum and maximum step, as fractions of the limit. */
const MIN_STEP = 0.01;
const MAX_STEP = 0.125;

/** The state of the search for the best number of batches in flight. */
export interface AdaptiveLimit {
  /** Batches that may be in flight. A fraction means that one more may be in flight for that fraction of the time. */
  readonly limit: number;
  readonly direction: 1 | -1;
  /** The size of the next step, as a fraction of the limit. */
  readonly step: number;
  /** The average latency under the previous limit. */
  readonly latencyMs: number;
  readonly hasImproved: boolean;
}

/** The state before the first measurement. */
export function startLimit(limit: number): AdaptiveLimit {
  return {
    limit,
    direction: 1,
    step: MAX_STEP,
    latencyMs: Number.POSITIVE_INFINITY,
    hasImproved: true,
  };
}

/**
 * Computes one step of the search: hill climbing on the average latency, as in TensorFlow's
 * `AdaptiveSharedBatchScheduler`. It assumes that latency is a convex function of the limit.
 *
 * If latency improved, it continues in the same direction: twice as far if the previous step improved it too, half as
 * far if the previous step reversed. If latency got worse, it reverses.
 */
export function nextLimit(
  { limit, direction, step, latencyMs, hasImproved }: AdaptiveLimit,
  measuredMs: number,
  min: number,
  max: number,
): AdaptiveLimit {
  const improves = measuredMs < latencyMs;
  const nextStep = improves
    ? Math.min(Math.max(step * (hasImproved ? 2 : 0.5), MIN_STEP), MAX_STEP)
    : step;
  const nextDirection = improves ? direction : direction === 1 ? -1 : 1;
  return {
    limit: Math.min(Math.max(limit * (1 + nextDirection * nextStep), min), max),
    direction: nextDirection,
    step: nextStep,
    latencyMs: measuredMs,
    hasImproved: improves,
  };
}
