import type { Clock, ServableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelProcessing } from "../config/processing-config.js";
import type { Plugin } from "./plugin-module.js";

/** The version that a processor processes. */
export interface ProcessedVersion {
  readonly id: ServableId;
  /** The path of its files. */
  readonly path: string;
  /** The clock of the deadlines of calls. */
  readonly clock: Clock;
}

/**
 * Applies the `processing` of a model's configuration to its versions. It wraps the predictor that the platform loaded,
 * inside batching. In the umbrella package, `processLoaded` of `@serving-kit/processing` implements it.
 *
 * - PC1 `process` resolves with a predictor that has the inputs and outputs that callers see. It keeps the contract of
 *   `Predictor` (S1 to S12), also when batched if it is batchable.
 * - PC2 It takes ownership of the given predictor: disposal of its result waits for calls in flight, and disposes the
 *   given predictor once.
 * - PC3 If the steps do not fit the given predictor, it rejects with a ServingError. It does not dispose that
 *   predictor, which still works as before.
 * - PC4 Each event loop processes separately. A clone of `processing` applied to another predictor of the same model
 *   results in the same signatures and outputs. Disposal of one result does not affect another.
 * - PC5 The deadline and the signal of a call are passed to the given predictor, and end the call. The deadline is on
 *   the clock of the version.
 * - PC6 Its result is batchable only if the given predictor is.
 * - PC7 It modifies neither `processing` nor the given predictor.
 */
export interface ModelProcessor extends Plugin {
  /** Returns the predictor that callers use, in the main thread and in each event loop. */
  process(
    predictor: Predictor,
    processing: ModelProcessing,
    version: ProcessedVersion,
  ): Promise<Predictor>;
}
