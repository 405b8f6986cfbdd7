import { isMainThread } from "node:worker_threads";
import { errors } from "./errors.js";
import { openTensorFlow, type TensorFlow } from "./native/library.js";
import { SavedModelPredictor, type ServedModel } from "./saved-model-predictor.js";
import { SessionHolders } from "./session-holders.js";

/** The mark of tokens. */
const KIND = "@serving-kit/servable-tensorflow";

/** What stands for a predictor in another thread of the process. */
interface ShareToken {
  readonly kind: typeof KIND;
  readonly process: number;
  /** The path of the library that is open. */
  readonly library: string;
  readonly model: ServedModel;
  readonly holders: SharedArrayBuffer;
}

/** The token of a model for `attachTensorFlow`. */
export function shareToken(
  { library }: Pick<TensorFlow, "library">,
  model: ServedModel,
  holders: SessionHolders,
): unknown {
  const token: ShareToken = {
    ...{ kind: KIND, process: process.pid, library: library.path },
    ...{ model, holders: holders.memory },
  };
  return token;
}

/**
 * Makes a Predictor, in a worker thread, of what `share()` of a predictor of `tensorflow()` gave in
 * another thread. Both run the same session: the model is in memory once. The version is unloaded when
 * every thread has disposed of its predictor; a worker that ends by itself does it then.
 *
 * A token holds addresses: never take one from outside.
 *
 * @throws ServingError INVALID_ARGUMENT / SHARED_PREDICTOR_INVALID when it is no token of this process,
 * or its predictor is disposed.
 */
export async function attachTensorFlow(token: unknown): Promise<SavedModelPredictor> {
  if (!isToken(token)) throw errors.sharedPredictorInvalid("it is something else");
  if (token.process !== process.pid) {
    throw errors.sharedPredictorInvalid(`it comes from process ${token.process}`);
  }
  const holders = new SessionHolders(token.holders);
  if (!holders.take()) throw errors.sharedPredictorInvalid("its predictor is disposed");
  let isHeld = true;
  const release = () => {
    if (isHeld) holders.release();
    isHeld = false;
    process.off("exit", release);
  };
  if (!isMainThread) process.on("exit", release);
  try {
    const tensorflow = await openTensorFlow(token.library);
    return new SavedModelPredictor(tensorflow, token.model, {
      share: () => shareToken(tensorflow, token.model, holders),
      release: async () => release(),
    });
  } catch (error) {
    release();
    throw error;
  }
}

function isToken(token: unknown): token is ShareToken {
  return typeof token === "object" && token !== null && "kind" in token && token.kind === KIND;
}
