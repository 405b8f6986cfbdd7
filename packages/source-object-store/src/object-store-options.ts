import type { ModelCacheOptions } from "./cache/model-cache.js";
import type { ObjectStore } from "./object-store.js";

/** Options for `objectStore`. */
export interface ObjectStoreOptions {
  /** The schemes of its URIs in lower case. Default `["s3"]`. */
  readonly schemes?: readonly string[] | undefined;
  /** The names of parameters allowed in its URIs, such as `region`. Default none. */
  readonly parameters?: readonly string[] | undefined;
  /**
   * Opens the store of a URI, regardless of its path. Called before the first listing, and again if it rejects. The
   * store is used until the process exits.
   */
  open(uri: string): ObjectStore | Promise<ObjectStore>;
  /** The cache of fetched versions. */
  readonly cache: ModelCacheOptions;
  /** Interval in ms between polls of a model, ± 10 %. Default: the server's setting, else 60,000. */
  readonly pollIntervalMs?: number | undefined;
  /**
   * Time in ms for which the objects of a version without a manifest and a ready marker must be unchanged. Default:
   * the server's setting, else 10,000.
   */
  readonly settleMs?: number | undefined;
  /**
   * The name of the object that a publisher writes last into a version. If set, a version without this object and
   * without `SHA256SUMS` is never loaded. Default: a version with `_READY` is complete immediately, and other
   * versions must settle.
   */
  readonly readyMarker?: string | undefined;
  /**
   * Maximum number of concurrent requests per version. Default 2, which saturates a disk; use more for a distant
   * store that is slow per connection.
   */
  readonly concurrency?: number | undefined;
}
