import { inSlices, runToEnd, type Steps } from "@serving-kit/core";
import type { CalledVersion } from "@serving-kit/server";

/** Longer bodies are decoded in slices. */
const LONG_BODY_BYTES = 1_000_000;

/** Runs decoding work, either synchronously or with pauses. */
export type RunSteps = <T>(work: Steps<T>) => T | Promise<T>;

/**
 * Returns the function that runs the decoding of a body. A body above 1 MB is decoded in slices of 3 ms, and the event
 * loop serves other requests between slices. Decoding stops when the call has ended.
 */
export function decodingOf(version: CalledVersion, body: Uint8Array): RunSteps {
  if (body.length <= LONG_BODY_BYTES) return runToEnd;
  return (work) => inSlices(work, () => version.throwIfEnded());
}
