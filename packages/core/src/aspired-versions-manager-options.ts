import { availableParallelism } from "node:os";
import type { AspiredVersionPolicy } from "./aspired-version-policy.js";
import { availabilityPreserving } from "./availability-preserving-policy.js";
import { checkAtLeast } from "./check-at-least.js";
import { type Clock, systemClock } from "./clock.js";
import type { ServingError } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import type { Loader } from "./loader.js";
import { type Logger, silentLogger } from "./logger.js";
import { type Resources, ResourceTracker } from "./resources.js";
import { Semaphore } from "./semaphore.js";
import type { ServableId } from "./servable-id.js";
import type { StreamContext } from "./servable-stream.js";
import { settleBy } from "./settle-by.js";
import { WaitQueue } from "./wait-queue.js";

/** Options for an AspiredVersionsManager: how it loads and unloads. */
export interface AspiredVersionsManagerOptions<S> {
  /** The order of loading and unloading. Default `availabilityPreserving`. */
  readonly policy?: AspiredVersionPolicy | undefined;
  /** Maximum number of concurrent loads. Default 2. */
  readonly loadConcurrency?: number | undefined;
  /**
   * Maximum number of concurrent loads at startup, until for the first time no load runs or waits. Default 4 per
   * core.
   */
  readonly initialLoadConcurrency?: number | undefined;
  /** Maximum number of concurrent unloads. Default 2. */
  readonly unloadConcurrency?: number | undefined;
  /** Maximum number of retries of a load after its first attempt failed. Default 5. */
  readonly maxLoadRetries?: number | undefined;
  /** Time between attempts in ms. Default 60,000. */
  readonly loadRetryDelayMs?: number | undefined;
  /**
   * Time in ms after which a load attempt without progress fails with LOAD_TIMED_OUT and releases its slot. Default
   * 600,000. Infinity disables it.
   */
  readonly loadTimeoutMs?: number | undefined;
  /** Time in ms after which the disposal of a servable releases its slot. Default 60,000. Infinity disables it. */
  readonly unloadTimeoutMs?: number | undefined;
  /**
   * Returns whether to retry a load that failed with this error. Default: true, unless the code is INVALID_ARGUMENT or
   * UNIMPLEMENTED, which waiting cannot fix.
   */
  readonly shouldRetryLoad?: ((error: ServingError, id: ServableId) => boolean) | undefined;
  /**
   * Delay in ms until a failed version that stays aspired is loaded again: `min`, doubled after each failure up to
   * `max`. Default 60,000 and 600,000.
   */
  readonly reloadBackoffMs?: { readonly min: number; readonly max: number } | undefined;
  /**
   * Limits of the resources that loaded versions may reserve, by the estimates of their loaders. A version that does
   * not fit waits; a version that exceeds a limit by itself fails. Default: no limits.
   */
  readonly resourceLimits?: Resources | undefined;
  /** Called before the first load attempt of each load cycle. A rejection fails the version. */
  readonly preLoad?: ((id: ServableId) => void | Promise<void>) | undefined;
  /** Called before the loader's own `probe`. If it rejects, the version is not loaded and fails. */
  readonly probe?:
    | ((version: {
        readonly id: ServableId;
        readonly loader: Loader<S>;
        readonly signal: AbortSignal;
      }) => Promise<void>)
    | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Passed to the loaders. Default none. */
  readonly logger?: Logger | undefined;
}

/** The options with their defaults, for streams and harnesses. Internal. */
export function withDefaults<S>(
  options: AspiredVersionsManagerOptions<S>,
): Pick<StreamContext<S>, "policy" | "reloadBackoffMs" | "harness"> {
  const {
    policy = availabilityPreserving,
    reloadBackoffMs = { min: 60_000, max: 600_000 },
    clock = systemClock,
    logger = silentLogger,
    loadConcurrency = 2,
    initialLoadConcurrency = Math.max(loadConcurrency, 4 * availableParallelism()),
    unloadConcurrency = 2,
    maxLoadRetries = 5,
    loadRetryDelayMs = 60_000,
    loadTimeoutMs = 600_000,
    unloadTimeoutMs = 60_000,
    shouldRetryLoad = isWorthRetrying,
  } = options;
  checkAtLeast(1, { loadConcurrency, initialLoadConcurrency, unloadConcurrency });
  checkAtLeast(0, { maxLoadRetries, loadRetryDelayMs, loadTimeoutMs, unloadTimeoutMs });
  const { min, max } = reloadBackoffMs;
  checkAtLeast(0, { "reloadBackoffMs.min": min, "reloadBackoffMs.max": max });
  const loadSlots: Semaphore = new Semaphore(initialLoadConcurrency, () => {
    loadSlots.limit = loadConcurrency;
  });
  const harness: HarnessContext<S> = {
    ...{ clock, logger, loadSlots, maxLoadRetries, loadRetryDelayMs, shouldRetryLoad },
    unloadSlots: new Semaphore(unloadConcurrency),
    resources: new ResourceTracker(options.resourceLimits),
    resourceQueue: new WaitQueue(),
    ...{ loadTimeoutMs, unloadTimeoutMs, hanging: new Map() },
    estimate: (loader) => loader.estimateResources?.(),
    beforeLoad: beforeLoadOf(options),
  };
  return { policy, reloadBackoffMs, harness };
}

/** The steps before a load: `preLoad`, then `probe`, then the loader's own probe. */
function beforeLoadOf<S>({
  preLoad,
  probe,
}: AspiredVersionsManagerOptions<S>): HarnessContext<S>["beforeLoad"] {
  return async (loader, context) => {
    const { id, signal } = context;
    if (preLoad) await settleBy(Promise.resolve(preLoad(id)), { signal });
    await probe?.({ id, loader, signal });
    await loader.probe?.(context);
  };
}

function isWorthRetrying({ code }: ServingError): boolean {
  return code !== "INVALID_ARGUMENT" && code !== "UNIMPLEMENTED";
}
