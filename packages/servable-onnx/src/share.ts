import { isMainThread } from "node:worker_threads";
import { systemClock } from "@serving-kit/core";
import type { PlatformServices, SharedPredictor } from "@serving-kit/inference";
import { SessionHolders } from "@serving-kit/native-library";
import { errors } from "./errors.js";
import { type OnnxRuntime, openOnnxRuntime } from "./native/library.js";
import { OnnxPredictor } from "./onnx-predictor.js";
import type { ServedModel } from "./served-model.js";

/** The name of the platform. */
export const PLATFORM_NAME = "onnx";

/** A predictor in another thread of the process. */
interface SharedModel extends SharedPredictor {
  readonly process: number;
  /** The path of the library that is open. */
  readonly library: string;
  readonly model: ServedModel;
  readonly holders: SharedArrayBuffer;
  /** How many predictors hold the session by this token. */
  readonly attached: SharedArrayBuffer;
}

/** Releases what this thread holds of others. A worker that exits does so. */
const releases = new Set<() => void>();
if (!isMainThread) {
  process.once("exit", () => {
    for (const release of releases) release();
  });
}

/** Returns the token of a model for other threads. */
export function shareModel(
  { library }: Pick<OnnxRuntime, "library">,
  model: ServedModel,
  holders: SessionHolders,
): SharedPredictor {
  const shared: SharedModel = {
    ...{ platform: PLATFORM_NAME, process: process.pid, library: library.path },
    ...{ model, holders: holders.memory },
    attached: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
  return shared;
}

/** Releases the session for the threads that attached a token and have ended without doing so. */
export function unshareModel(token: SharedPredictor): void {
  if (!isShared(token)) throw errors.sharedPredictorInvalid("it is something else");
  const holders = new SessionHolders(token.holders);
  const lost = Atomics.exchange(new Int32Array(token.attached), 0, 0);
  for (let i = 0; i < lost; i++) holders.release();
}

/**
 * Makes a predictor of what `share()` returned in another thread. Both run the same session. The version is unloaded
 * when every thread has disposed of its predictor.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID if it is not a token of this process, or its
 * predictor is disposed.
 */
export async function attachModel(
  token: SharedPredictor,
  { clock = systemClock }: Partial<PlatformServices> = {},
): Promise<OnnxPredictor> {
  if (!isShared(token)) throw errors.sharedPredictorInvalid("it is something else");
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
    const runtime = await openOnnxRuntime(token.library);
    const hold = {
      share: () => shareModel(runtime, token.model, holders),
      unshare: unshareModel,
      release: async () => release(),
    };
    return new OnnxPredictor(runtime, token.model, hold, clock);
  } catch (error) {
    release();
    throw error;
  }
}

function isShared(token: SharedPredictor): token is SharedModel {
  return (
    token?.platform === PLATFORM_NAME &&
    "holders" in token &&
    token.holders instanceof SharedArrayBuffer
  );
}
