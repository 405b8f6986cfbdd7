import type { Clock, WarmUpOutcome } from "@serving-kit/core";
import { messageOf } from "@serving-kit/core";
import { type Signature, zeroInputs } from "@serving-kit/inference";
import { openExtents } from "./model-file.js";
import type { ModelLog } from "./model-log.js";
import type { TflitePredictor } from "./tflite-predictor.js";

/** Timeout in ms of a warm-up run, which may never end. */
const TIMEOUT_MS = 60_000;

/** The context of a warm-up. */
export interface WarmUpContext {
  readonly clock: Pick<Clock, "setTimeout">;
  readonly log: ModelLog;
  /** The signal of the load. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the outcome. */
  readonly over?: ((outcome: WarmUpOutcome) => void) | undefined;
}

/**
 * Runs every signature once on zeros, in a batch of one row. Skips signatures with another unknown extent, and inputs
 * that are too large to generate. A failure is only a warning, because zeros may not be a valid input.
 *
 * @throws the reason of `signal`, if it aborts.
 */
export async function warmUp(predictor: TflitePredictor, context: WarmUpContext): Promise<void> {
  const { log, over, signal } = context;
  let error: unknown;
  for (const [name, signature] of predictor.signatures) {
    const inputs = predictor.canRun(name) ? inputsOf(signature) : undefined;
    if (inputs === undefined) continue;
    try {
      await runOnce(predictor, name, inputs, context);
    } catch (problem) {
      signal?.throwIfAborted();
      error ??= problem;
      log.warn(`warm-up of signature "${name}" on zeros failed: ${messageOf(problem)}`);
    }
  }
  await predictor.forgetWarmUp();
  over?.(error === undefined ? { records: 0 } : { records: 0, error });
}

/** Returns zeros; undefined if the sizes of the inputs are unknown or too large. */
function inputsOf(signature: Signature): ReturnType<typeof zeroInputs> | undefined {
  if (openExtents([...signature.inputs.values()].map((spec) => ({ spec }))) === "unknown") {
    return undefined;
  }
  try {
    return zeroInputs(signature);
  } catch {
    return undefined;
  }
}

async function runOnce(
  predictor: TflitePredictor,
  name: string,
  inputs: ReturnType<typeof zeroInputs>,
  { clock, signal }: WarmUpContext,
): Promise<void> {
  const late = new AbortController();
  const timer = clock.setTimeout(
    () => late.abort(new Error(`it did not end within ${TIMEOUT_MS} ms and was aborted`)),
    TIMEOUT_MS,
  );
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  try {
    await predictor.predict(inputs, { signature: name, signal: either });
  } finally {
    timer[Symbol.dispose]();
    if (either.aborted) predictor.giveUpRuns();
  }
}
