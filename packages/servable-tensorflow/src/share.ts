import { systemClock } from "@serving-kit/core";
import {
  inferenceErrors,
  type PlatformServices,
  type SharedPredictor,
} from "@serving-kit/inference";
import { SharedSessions } from "@serving-kit/native-library";
import { openTensorFlow } from "./native/library.js";
import { SavedModelPredictor, type ServedModel } from "./saved-model-predictor.js";

/** The name of the platform. */
export const PLATFORM_NAME = "tensorflow";

/** The sessions that the threads of this process share. */
export const sharedSessions: SharedSessions<ServedModel> = new SharedSessions(
  PLATFORM_NAME,
  inferenceErrors.sharedPredictorInvalid,
);

/**
 * Makes a predictor from the token that `share()` returned in another thread. Both run the same session. The version is
 * unloaded when every thread has disposed its predictor. A worker that exits disposes it automatically, unless
 * `worker.terminate()` or a lack of memory ends the worker: see `Predictor.unshare`.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID if it is not a token of this process, or if its
 * predictor is disposed.
 */
export async function attachSavedModel(
  token: SharedPredictor,
  { clock = systemClock }: Partial<PlatformServices> = {},
): Promise<SavedModelPredictor> {
  const { library, model, hold } = sharedSessions.attach(token);
  try {
    return new SavedModelPredictor(await openTensorFlow(library), model, hold, clock);
  } catch (error) {
    await hold.release();
    throw error;
  }
}
