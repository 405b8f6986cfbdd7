import { errors, type ServingError } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import type { Loader } from "./loader.js";
import { formatResources, type Resources } from "./resources.js";
import type { ServableId } from "./servable-id.js";
import { settleBy } from "./settle-by.js";

/** The resources of its manager that a version holds in one load cycle: the estimate of its loader. Internal. */
export class Reservation<S> {
  readonly #context: HarnessContext<S>;
  readonly #id: ServableId;
  #held: Resources | undefined;

  constructor(context: HarnessContext<S>, id: ServableId) {
    this.#context = context;
    this.#id = id;
  }

  /**
   * Reserves what the loader estimates, or nothing if it does not. Where there is no room now, `wait`
   * is called with the reason and what to wait for.
   *
   * @throws ServingError NEVER_FITS; what the estimate rejects with; the signal's reason.
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

  /** A loader may know after loading that it needs less than it estimated; never more. */
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
      // The servable is loaded all the same, and what was reserved for it is enough.
    }
  }

  /** Releases what is held, so that the versions that wait may have it. */
  release(): void {
    if (this.#held === undefined) return;
    this.#context.resources.release(this.#held);
    this.#held = undefined;
    this.#context.resourceQueue.wakeAll();
  }
}
