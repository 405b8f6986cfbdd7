import { inferenceErrors, type SharedPredictor } from "@serving-kit/inference";
import type { TfliteOptions } from "./options.js";

/** The name of the platform. */
export const PLATFORM_NAME = "tflite";

/** A model file in memory, and its path. */
export interface ModelBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The token of a predictor for other threads: the file in memory, and the options to run it. */
interface SharedModel extends SharedPredictor {
  readonly model: ModelBytes;
  readonly options: TfliteOptions;
}

/** Makes the token of a model for other threads. The bytes live until no thread has them any more. */
export function shareModel(
  model: ModelBytes,
  { canary: _, ...options }: TfliteOptions,
): SharedPredictor {
  const shared: SharedModel = { platform: PLATFORM_NAME, model, options };
  return shared;
}

/**
 * Returns the model of a token.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID if it is not a token of this platform, or if its
 * bytes were copied on the way.
 */
export function sharedModelOf(shared: SharedPredictor): SharedModel {
  const { model } = shared as Partial<SharedModel>;
  if (shared?.platform !== PLATFORM_NAME || model === undefined) {
    throw inferenceErrors.sharedPredictorInvalid("it is something else");
  }
  if (!(model.bytes?.buffer instanceof SharedArrayBuffer)) {
    throw inferenceErrors.sharedPredictorInvalid("its memory is not shared");
  }
  return shared as SharedModel;
}
