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
 */
export interface ModelProcessor extends Plugin {
  /**
   * Returns a predictor with the inputs and outputs of callers, which takes the given one over, in the main thread and in
   * each event loop. If it rejects, the version fails with the error, and the given one is not disposed.
   */
  process(
    predictor: Predictor,
    processing: ModelProcessing,
    version: ProcessedVersion,
  ): Promise<Predictor>;
}
