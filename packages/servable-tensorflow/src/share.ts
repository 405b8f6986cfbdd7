import { isMainThread } from "node:worker_threads";
import { systemClock } from "@serving-kit/core";
import type { PlatformServices, SharedPredictor } from "@serving-kit/inference";
import { SessionHolders } from "@serving-kit/native-library";
import { errors } from "./errors.js";
import { openTensorFlow, type TensorFlow } from "./native/library.js";
import { SavedModelPredictor, type ServedModel } from "./saved-model-predictor.js";

/** The name of the platform. */
export const PLATFORM_NAME = "tensorflow";

/** What stands for a predictor in another thread of the process. */
interface SharedSavedModel extends SharedPredictor {
  readonly process: number;
  /** The path of the library that is open. */
  readonly library: string;
  readonly model: ServedModel;
  readonly holders: SharedArrayBuffer;
  /** How many predictors hold the session by this token. */
  readonly attached: SharedArrayBuffer;
}

/** Lets go of what this thread holds of others. A worker that ends does so. */
const releases = new Set<() => void>();
if (!isMainThread) {
  process.once("exit", () => {
    for (const release of releases) release();
  });
}

/** What stands for a model in other threads. */
export function shareSavedModel(
  { library }: Pick<TensorFlow, "library">,
  model: ServedModel,
  holders: SessionHolders,
): SharedPredictor {
  const shared: SharedSavedModel = {
    ...{ platform: PLATFORM_NAME, process: process.pid, library: library.path },
    ...{ model, holders: holders.memory },
    attached: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
  return shared;
}

/** Lets go of the session for the threads that attached a token and have ended without doing so. */
export function unshareSavedModel(token: SharedPredictor): void {
  if (!isSavedModel(token)) throw errors.sharedPredictorInvalid("it is something else");
  const holders = new SessionHolders(token.holders);
  const lost = Atomics.exchange(new Int32Array(token.attached), 0, 0);
  for (let i = 0; i < lost; i++) holders.release();
}

/**
 * Makes a predictor of what `share()` gave in another thread. Both run the same session. The version
 * is unloaded when every thread has disposed of its predictor; a worker that ends before has done so,
 * unless it is ended by `worker.terminate()` or runs out of memory: see `Predictor.unshare`.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID when it is no token of this process,
 * or its predictor is disposed.
 */
export async function attachSavedModel(
  token: SharedPredictor,
  { clock = systemClock }: Partial<PlatformServices> = {},
): Promise<SavedModelPredictor> {
  if (!isSavedModel(token)) throw errors.sharedPredictorInvalid("it is something else");
  if (token.process !== process.pid) {
    throw errors.sharedPredictorInvalid(`it comes from process ${token.process}`);
  }
  const holders = new SessionHolders(token.holders);
  if (!holders.take()) throw errors.sharedPredictorInvalid("its predictor is disposed");
  const attached = new Int32Array(token.attached);
  Atomics.add(attached, 0, 1);
  const release = () => {
    if (!releases.delete(release)) return;
    Atomics.sub(attached, 0, 1);
    holders.release();
  };
  releases.add(release);
  try {
    const tensorflow = await openTensorFlow(token.library);
    const hold = {
      share: () => shareSavedModel(tensorflow, token.model, holders),
      unshare: unshareSavedModel,
      release: async () => release(),
    };
    return new SavedModelPredictor(tensorflow, token.model, hold, clock);
  } catch (error) {
    release();
    throw error;
  }
}

function isSavedModel(token: SharedPredictor): token is SharedSavedModel {
  return (
    token?.platform === PLATFORM_NAME &&
    "holders" in token &&
    token.holders instanceof SharedArrayBuffer
  );
}
