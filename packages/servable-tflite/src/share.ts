import { inferenceErrors, type SharedPredictor } from "@serving-kit/inference";
import type { TfliteOptions } from "./options.js";

/** The name of the platform. */
export const PLATFORM_NAME = "tflite";

/** A model file in memory, and where it was read. */
export interface ModelBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Represents a predictor in another thread: the file in memory, and how it is run. */
interface SharedModel extends SharedPredictor {
  readonly model: ModelBytes;
  readonly options: TfliteOptions;
}

/** Represents a model in other threads. The bytes live until no thread has them any more. */
export function shareModel(
  model: ModelBytes,
  { canary: _, ...options }: TfliteOptions,
): SharedPredictor {
  const shared: SharedModel = { platform: PLATFORM_NAME, model, options };
  return shared;
}

/**
 * The model that a token stands for.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID when it is not a token of this platform,
 * or its bytes were copied on the way.
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
