import { systemClock } from "@serving-kit/core";
import {
  inferenceErrors,
  type PlatformServices,
  type SharedPredictor,
} from "@serving-kit/inference";
import { SharedSessions } from "@serving-kit/native-library";
import { openOnnxRuntime } from "./native/library.js";
import { OnnxPredictor } from "./onnx-predictor.js";
import { PLATFORM_NAME } from "./options.js";
import type { ServedModel } from "./served-model.js";

/** The sessions that the threads of this process share. */
export const sharedSessions: SharedSessions<ServedModel> = new SharedSessions(
  PLATFORM_NAME,
  inferenceErrors.sharedPredictorInvalid,
);

/**
 * Makes a predictor from the token that `share()` returned in another thread. Both run the same session. The version is
 * unloaded when every thread has disposed its predictor.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID if it is not a token of this process, or if its
 * predictor is disposed.
 */
export async function attachModel(
  token: SharedPredictor,
  { clock = systemClock }: Partial<PlatformServices> = {},
): Promise<OnnxPredictor> {
  const { library, model, hold } = sharedSessions.attach(token);
  try {
    return new OnnxPredictor(await openOnnxRuntime(library), model, hold, clock);
  } catch (error) {
    await hold.release();
    throw error;
  }
}
