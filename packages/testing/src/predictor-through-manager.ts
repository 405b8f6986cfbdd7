import {
  AspiredVersionsManager,
  type Loader,
  type ServableRequest,
  type Source,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";

/**
 * Returns the predictor that a request acquires from a manager, for `predictorConformance`: the manager and the
 * adapters of the source must keep the contract too. Resolves when it is available; rejects with WAIT_TIMED_OUT after
 * ten seconds. Disposing it releases the handle and closes the manager.
 *
 * ```ts
 * create: () => predictorThroughManager(source.pipe(lookup(), batching()), { name: "lookup" }),
 * ```
 */
export async function predictorThroughManager(
  source: Source<Loader<Predictor>>,
  request: ServableRequest,
): Promise<Predictor & AsyncDisposable> {
  const manager = new AspiredVersionsManager<Predictor>({ maxLoadRetries: 0 });
  manager.connect(source);
  await manager.available(request, { timeoutMs: 10_000 });
  const handle = manager.acquire(request);
  const { servable } = handle;
  return {
    signatures: servable.signatures,
    batchable: servable.batchable,
    predict: (inputs, options) => servable.predict(inputs, options),
    [Symbol.asyncDispose]() {
      handle.release();
      return manager.close();
    },
  };
}
