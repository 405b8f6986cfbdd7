import type { SourceProvider } from "@serving-kit/core";
import { ModelCache } from "./cache/model-cache.js";
import { ListingPace } from "./listing-pace.js";
import type { ObjectStoreOptions } from "./object-store-options.js";
import { ObjectStoreSource } from "./object-store-source.js";
import { StorePool } from "./store-pool.js";
import { formatStoreUri, isSafePath, parseStoreUri } from "./store-uri.js";

const POLL_MS = 60_000;
const SETTLE_MS = 10_000;
/** More requests are hardly faster, and keep the event loop from other work. */
const CONCURRENCY = 2;

/** Interval in ms below which polling is reported as expensive. */
const EXPENSIVE_MS = 10_000;

/**
 * Makes the provider of models in object stores: below a base path such as `s3://bucket/models/digits`, the prefix
 * `s3://bucket/models/digits/3/` has the objects of version 3.
 *
 * Its sources guarantee, in addition to `ModelSource` (N1 to N11):
 * - OP1 A poll of a model is one listing, with a delimiter. The objects of a version are listed while it is new,
 *   after a failed load, hourly, and on `poll`. Fewer than 50 listings start in any second.
 * - OP2 A version is aspired when it is complete by its manifest or its ready marker, or when it has settled. It
 *   stays aspired while it has objects.
 * - OP3 If there are no objects below a base path, the problem BASE_PATH_NOT_FOUND is reported and nothing is
 *   withdrawn.
 * - OP4 If the store cannot be read at the start, the cached versions of the last known list are emitted, with the
 *   problem SERVED_FROM_CACHE.
 * - OP8 `events` emits `activity` for each requested page and each ended fetch.
 * - OP9 If the objects of a loaded version were overwritten, the problem VERSION_OVERWRITTEN is reported. The loaded
 *   files are kept, because the content of a version must not change.
 *
 * The versions that its sources emit guarantee, in addition to `RemotePath` (R1 to R8):
 * - OP5 All objects of a lease existed in the store at the same moment, with these bytes.
 * - OP6 An object with a checksum, from the manifest or the store, was verified against it after it was written to
 *   the disk. Objects without a checksum were checked by length, and are logged.
 * - OP7 A fetch fails only after several attempts without a byte for a minute, never because it takes long.
 *
 * @throws TypeError or RangeError with the option, the expected value and the received value.
 */
export function objectStore(options: ObjectStoreOptions): SourceProvider {
  const { schemes = ["s3"], parameters = [], cache, open, concurrency = CONCURRENCY } = options;
  checkOptions(options);
  return {
    schemes,
    resolve: (basePath) => formatStoreUri(parseStoreUri(basePath, parameters)),
    create({ servables, clock, logger, ...context }) {
      const pollIntervalMs = context.pollIntervalMs ?? options.pollIntervalMs ?? POLL_MS;
      const settleMs = context.settleMs ?? options.settleMs ?? SETTLE_MS;
      if (pollIntervalMs > 0 && pollIntervalMs < EXPENSIVE_MS) {
        const text = `each model is listed every ${pollIntervalMs} ms, and stores charge for listings: set the option pollIntervalMs to at least ten seconds`;
        logger.warn({ pollIntervalMs }, text);
      }
      const settings = {
        ...{ clock, logger, pollIntervalMs, concurrency, parameters },
        rules: { settleMs, readyMarker: options.readyMarker },
        cache: new ModelCache(cache, clock, logger),
        stores: new StorePool({ clock, pace: new ListingPace(clock), open }),
      };
      return new ObjectStoreSource(settings, servables);
    },
  };
}

function checkOptions(options: ObjectStoreOptions): void {
  const { cache, readyMarker, concurrency = 1, pollIntervalMs = 0, settleMs = 0 } = options;
  if (typeof cache?.dir !== "string" || cache.dir === "") {
    throw new TypeError(`cache.dir: expected the path of a folder; got ${String(cache?.dir)}`);
  }
  if (readyMarker !== undefined && (readyMarker.includes("/") || !isSafePath(readyMarker))) {
    const got = JSON.stringify(readyMarker);
    throw new TypeError(`readyMarker: expected the name of an object; got ${got}`);
  }
  const numbers = { concurrency, "cache.maxBytes": cache.maxBytes ?? 1 };
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`${name}: expected an integer of at least 1; got ${value}`);
  }
  for (const [name, value] of Object.entries({ pollIntervalMs, settleMs })) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new RangeError(`${name}: expected milliseconds, at least 0; got ${value}`);
  }
}
