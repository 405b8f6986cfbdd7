import { errors, type ServingError } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import type { Loader } from "./loader.js";
import { formatResources, type Resources } from "./resources.js";
import type { ServableId } from "./servable-id.js";
import { settleBy } from "./settle-by.js";

/** The resources that a version reserves in its manager for one load cycle: the estimate of its loader. Internal. */
export class Reservation<S> {
  readonly #context: HarnessContext<S>;
  readonly #id: ServableId;
  #held: Resources | undefined;

  constructor(context: HarnessContext<S>, id: ServableId) {
    this.#context = context;
    this.#id = id;
  }

  /**
   * Reserves the estimate of the loader, or nothing if the loader has none. If there is no room now, calls `wait`
   * with the reason and the condition to wait for.
   *
   * @throws ServingError NEVER_FITS; the error of the estimate; the signal's reason.
   */
  async take(
    loader: Loader<S>,
    signal: AbortSignal,
    wait: (because: ServingError, room: Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { resources, resourceQueue } = this.#context;
    const estimating = this.#context.estimate(loader);
    if (estimating === undefined) return;
    const estimate = { ...(await settleBy(estimating, { signal })) };
    if (!resources.canEverReserve(estimate)) {
      throw errors.neverFits(
        this.#id,
        formatResources(estimate),
        formatResources(resources.limits),
      );
    }
    if (!resources.reserve(estimate)) {
      const because = errors.insufficientResources(
        this.#id,
        formatResources(estimate),
        formatResources(resources.reserved),
        formatResources(resources.limits),
      );
      await wait(
        because,
        resourceQueue.wait(() => resources.reserve(estimate), signal),
      );
    }
    this.#held = estimate;
  }

  /** Reserves the estimate after loading instead, which may be lower than the first one, never higher. */
  async lower(loader: Loader<S>, signal: AbortSignal): Promise<void> {
    const before = this.#held;
    if (before === undefined) return;
    const { resources, resourceQueue, estimate } = this.#context;
    try {
      const estimating = estimate(loader);
      if (estimating === undefined) return;
      const after = { ...(await settleBy(estimating, { signal })) };
      if (!resources.lower(before, after)) return;
      this.#held = after;
      resourceQueue.wakeAll();
    } catch {
      // The servable is loaded anyway, and its reservation is large enough.
    }
  }

  /** Releases the reservation, so that waiting versions can use it. */
  release(): void {
    if (this.#held === undefined) return;
    this.#context.resources.release(this.#held);
    this.#held = undefined;
    this.#context.resourceQueue.wakeAll();
  }
}
