import { asError, isServingError } from "@serving-kit/core";
import { errors } from "./errors.js";

/** Runs the calls `from` to `to`, exclusive, of a batch as one, and returns the result of each. */
export type RunCalls<R> = (from: number, to: number) => Promise<readonly R[]>;

/** Codes of server failures that no input causes: the calls of such a batch are not rerun. */
const NOT_OF_INPUTS: ReadonlySet<string> = new Set([
  "UNAVAILABLE",
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "RESOURCE_EXHAUSTED",
]);

/** Returns whether an input of a batch can be the reason why it failed. */
export function isOfInputs(error: unknown): boolean {
  if (isServingError(error)) return !NOT_OF_INPUTS.has(error.code);
  return asError(error).name !== "AbortError";
}

/**
 * Reruns the calls of a failed batch by halves, and returns the result or the error of each:
 * - RH1 A call gets an error of the model only from a run of this call alone.
 * - RH2 There are at most 2 log2(n) runs for n calls: enough for one culprit. A call that no run has
 *   settled by then gets UNAVAILABLE / BATCH_UNSETTLED.
 * - RH3 If the first half of a failed group succeeds, the other half is known to fail and is split immediately.
 * - RH4 A group of several calls that fails with a code that no input explains is not rerun: its calls get that error.
 */
export async function rerunByHalves<R>(count: number, run: RunCalls<R>): Promise<(R | Error)[]> {
  const results = new Array<R | Error>(count);
  const failed: [from: number, to: number][] = [[0, count]];
  let runs = Math.floor(2 * Math.log2(count));

  /** Settles a group, or adds it to the failed groups. Returns whether it failed. */
  async function again(from: number, to: number): Promise<boolean> {
    if (runs-- <= 0) {
      results.fill(errors.batchUnsettled(count), from, to);
      return false;
    }
    try {
      const given = await run(from, to);
      for (let i = from; i < to; i++) results[i] = given[i - from] as R;
      return false;
    } catch (error) {
      if (to - from > 1 && isOfInputs(error)) failed.push([from, to]);
      else results.fill(asError(error), from, to);
      return true;
    }
  }

  // Largest groups first, because they settle the most calls per run.
  for (const [from, to] of failed) {
    const middle = from + Math.floor((to - from) / 2);
    const hasFailed = await again(from, middle);
    if (hasFailed || to - middle === 1) await again(middle, to);
    else failed.push([middle, to]);
  }
  return results;
}
