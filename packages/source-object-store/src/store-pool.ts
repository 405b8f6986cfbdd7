import { type Clock, Semaphore } from "@serving-kit/core";
import { GuardedStore } from "./guarded-store.js";
import type { ListingPace } from "./listing-pace.js";
import type { ObjectStore } from "./object-store.js";
import { formatStoreUri, type StoreUri } from "./store-uri.js";

/** The dependencies of a store pool. */
export interface StorePoolOptions {
  readonly clock: Clock;
  readonly pace: ListingPace;
  open(uri: string): ObjectStore | Promise<ObjectStore>;
}

interface Bucket {
  readonly store: Promise<ObjectStore>;
  readonly listings: Semaphore;
}

/** Maximum number of concurrent listings per bucket. */
const MAX_LISTINGS = 32;

/** The open stores, one per bucket. */
export class StorePool {
  readonly #options: StorePoolOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: StorePoolOptions) {
    this.#options = options;
  }

  /** Opens the bucket of a URI, or returns the open one. Calls `onList` for each requested page. */
  async open(uri: StoreUri, onList: () => void): Promise<ObjectStore> {
    const { clock, pace } = this.#options;
    const { store, listings } = this.#bucketOf(uri);
    return new GuardedStore(await store, { clock, pace, listings, onList });
  }

  #bucketOf(uri: StoreUri): Bucket {
    const name = formatStoreUri({ ...uri, path: "" });
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const store = (async () => this.#options.open(name))();
    const bucket = { store, listings: new Semaphore(MAX_LISTINGS) };
    this.#buckets.set(name, bucket);
    // If a store could not be opened, the next call tries again.
    store.catch(() => this.#buckets.delete(name));
    return bucket;
  }
}
