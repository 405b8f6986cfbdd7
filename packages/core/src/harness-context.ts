import type { Clock } from "./clock.js";
import type { ServingError } from "./errors.js";
import type { LoadContext, Loader } from "./loader.js";
import type { Logger } from "./logger.js";
import type { Resources, ResourceTracker } from "./resources.js";
import type { Semaphore } from "./semaphore.js";
import type { ServableId } from "./servable-id.js";
import type { HangingLoads } from "./timed-load.js";
import type { WaitQueue } from "./wait-queue.js";

/** The state that a harness shares with the other harnesses of its manager. Internal. */
export interface HarnessContext<S> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly loadSlots: Semaphore;
  readonly unloadSlots: Semaphore;
  readonly resources: ResourceTracker;
  readonly resourceQueue: WaitQueue;
  readonly maxLoadRetries: number;
  readonly loadRetryDelayMs: number;
  readonly loadTimeoutMs: number;
  readonly unloadTimeoutMs: number;
  readonly hanging: HangingLoads;
  readonly shouldRetryLoad: (error: ServingError, id: ServableId) => boolean;
  /** Reserves resources for a version before it is loaded. Aborted if the version is cancelled. */
  readonly estimate: (loader: Loader<S>) => Promise<Resources> | undefined;
  /** Called before the first attempt, in the load slot. A rejection fails the version. */
  readonly beforeLoad: (loader: Loader<S>, context: LoadContext) => Promise<void>;
}
