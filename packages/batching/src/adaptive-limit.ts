/** How large a step may be, in parts of the limit. */
const MIN_STEP = 0.01;
const MAX_STEP = 0.125;

/** Where the search for the best number of batches in flight stands. */
export interface AdaptiveLimit {
  /** How many batches may be in flight; a fraction means that one more may, that part of the time. */
  readonly limit: number;
  readonly direction: 1 | -1;
  /** The size of the next step, in parts of the limit. */
  readonly step: number;
  /** The average latency under the previous limit. */
  readonly latencyMs: number;
  readonly hasImproved: boolean;
}

/** The state before anything was measured. */
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
 * One step of the search: hill climbing on the average latency, as in TensorFlow's
 * `AdaptiveSharedBatchScheduler`. Latency is taken to be a convex function of the limit.
 *
 * Better than before: go on, twice as far if the step before was good as well, half as far if it was
 * the return from a bad one. Worse: turn back.
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
