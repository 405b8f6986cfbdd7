import type { Clock, ServableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelProcessing } from "../config/processing-config.js";
import type { Plugin } from "./plugin-module.js";

/** The version that a processor processes. */
export interface ProcessedVersion {
  readonly id: ServableId;
  /** The path of its files. */
  readonly path: string;
  /** The time that deadlines of calls refer to. */
  readonly clock: Clock;
}

/**
 * Puts the `processing` of a model's configuration in front of its versions: between what their platform loaded and what
 * batches, describes and calls them. `processLoaded` of `@serving-kit/processing` is what it does in the umbrella.
 *
 * - PC1 `process` resolves with a predictor that has the inputs and outputs of callers and keeps the contract of
 *   `Predictor` (S1 to S12), batched too if it is batchable.
 * - PC2 It takes the given predictor over: disposal of its result waits for calls in flight, and disposes the given
 *   predictor once.
 * - PC3 If the steps do not fit the given predictor, it rejects with a ServingError and does not dispose that predictor,
 *   which answers as before.
 * - PC4 Each event loop processes for itself: by a clone of `processing`, another predictor of the same model gets the same
 *   signatures and answers. Disposal of one result does not affect another.
 * - PC5 The deadline and the signal of a call reach the given predictor, and end the call. The deadline is on the clock of
 *   the version.
 * - PC6 Its result is batchable only if the given predictor is.
 * - PC7 It modifies neither `processing` nor the given predictor.
 */
export interface ModelProcessor extends Plugin {
  /** Returns the predictor of callers, in the main thread and in each event loop. */
  process(
    predictor: Predictor,
    processing: ModelProcessing,
    version: ProcessedVersion,
  ): Promise<Predictor>;
}
