import type { ModelCacheOptions } from "./cache/model-cache.js";
import type { ObjectStore } from "./object-store.js";

/** Options of `objectStore`. */
export interface ObjectStoreOptions {
  /** The schemes of its URIs in lower case. Default `["s3"]`. */
  readonly schemes?: readonly string[] | undefined;
  /** The names of the parameters that its URIs may have, such as `region`. Default none. */
  readonly parameters?: readonly string[] | undefined;
  /**
   * Opens the store of a URI, whose path does not matter. Called when the first listing is due, and again if it
   * rejects. The store is used until the process ends.
   */
  open(uri: string): ObjectStore | Promise<ObjectStore>;
  /** Where fetched versions are kept. */
  readonly cache: ModelCacheOptions;
  /** Ms from one poll of a model to the next, 10 % more or less. Default 60,000, unless the server's user set it. */
  readonly pollIntervalMs?: number | undefined;
  /**
   * Ms for which the objects of a version that has neither a manifest nor a ready marker must have been the same.
   * Default 10,000, unless the server's user set it.
   */
  readonly settleMs?: number | undefined;
  /**
   * The name of the object that a publisher writes last into a version. If given, a version that has neither it nor a
   * `SHA256SUMS` is never loaded. Default: `_READY` makes a version complete at once, and others must settle.
   */
  readonly readyMarker?: string | undefined;
  /**
   * How many requests of one version at a time. Default 2, which fills a disk; more are for a store that is far away and
   * slow on each connection.
   */
  readonly concurrency?: number | undefined;
}
