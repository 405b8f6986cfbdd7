import {
  type BatchingOptions,
  batchingErrors,
  isBatched,
  SharedSlots,
} from "@serving-kit/batching";
import type { Predictor, SharedPredictor } from "@serving-kit/inference";
import { behindProcessing } from "../models/processed-version.js";
import { isCloneable, plainCopy } from "./cloneable.js";
import type { ReplicaBatching, ReplicaOrigin } from "./loop-messages.js";

/** Decides how loops obtain the predictors that the main thread has loaded. */
export class ReplicaOrigins {
  readonly #platforms: ReadonlySet<string>;
  readonly #pools = new WeakMap<object, number>();
  #poolCount = 0;

  /** @param platforms The names of the platforms that loops can attach. */
  constructor(platforms: Iterable<string>) {
    this.#platforms = new Set(platforms);
  }

  /**
   * Returns the origin for each loop, and the predictor that runs loops' calls in the main thread.
   *
   * A predictor that can be shared runs in each loop, all others in the main thread. In both cases each loop batches
   * separately, so that one batch needs one call to the main thread. If batching cannot be reproduced in a loop,
   * because it has slots of another kind or its options have functions, it stays in the main thread.
   */
  of(predictor: Predictor): { readonly origin: () => ReplicaOrigin; readonly remote: Predictor } {
    const isBatchedHere = isBatched(predictor);
    const batching = isBatchedHere ? this.#batching(predictor.options) : undefined;
    const isMovable = !isBatchedHere || batching !== undefined;
    const unbatched = isBatchedHere ? predictor.predictor : predictor;
    // Each loop processes separately, so that image bytes are not posted.
    const behind = isMovable ? behindProcessing(unbatched) : undefined;
    const processed = behind && { processing: behind.processing, path: behind.path };
    const own = behind?.predictor ?? unbatched;
    if (isMovable && this.#isShareable(own)) {
      const share = () => own.share?.() as SharedPredictor;
      return {
        origin: () => ({ kind: "shared", predictor: share(), processed, batching }),
        remote: predictor,
      };
    }
    const remote = isMovable ? own : predictor;
    const { signatures, uncallable, batchable, state } = remote;
    const origin = {
      kind: "remote",
      signatures: plainCopy(signatures),
      uncallable: plainCopy(uncallable),
      batchable,
      state,
      responds: remote.respond !== undefined,
      processed,
      batching,
    } as const;
    return { origin: () => origin, remote };
  }

  #isShareable(predictor: Predictor): boolean {
    const shared = predictor.share?.();
    return shared !== undefined && this.#platforms.has(shared.platform);
  }

  #batching({
    slots,
    clock,
    onBatchStart: _counted,
    ...given
  }: BatchingOptions): ReplicaBatching | undefined {
    const shared = typeof slots === "object" ? slots : undefined;
    if (shared !== undefined && !(shared instanceof SharedSlots)) return undefined;
    const hasRunTimeout = given.expiredError === batchingErrors.runTimeoutExceeded;
    const options = hasRunTimeout ? withoutRunTimeout(given) : given;
    if (clock !== undefined || !isCloneable(options)) return undefined;
    const pool = this.#number(shared);
    return { options, hasRunTimeout, pool, slots: shared?.slots ?? (slots as number | undefined) };
  }

  #number(slots: object = {}): number {
    let number = this.#pools.get(slots);
    if (number === undefined) {
      number = this.#poolCount++;
      this.#pools.set(slots, number);
    }
    return number;
  }
}

/** Omits the one function from TF Serving's batching parameters, which signatures have as well. */
function withoutRunTimeout({ expiredError, signatures = {}, ...options }: BatchingOptions) {
  const named = Object.entries(signatures).map(([name, of]) => {
    if (of === false) return [name, of];
    const { expiredError: own, ...rest } = of;
    return [
      name,
      { ...rest, ...(own !== expiredError && own !== undefined && { expiredError: own }) },
    ];
  });
  return { ...options, signatures: Object.fromEntries(named) };
}
