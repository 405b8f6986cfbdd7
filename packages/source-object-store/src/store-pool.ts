import { type Clock, Semaphore } from "@serving-kit/core";
import { GuardedStore } from "./guarded-store.js";
import type { ListingPace } from "./listing-pace.js";
import type { ObjectStore } from "./object-store.js";
import { formatStoreUri, type StoreUri } from "./store-uri.js";

/** The dependencies of a pool that opens stores. */
export interface StorePoolOptions {
  readonly clock: Clock;
  readonly pace: ListingPace;
  open(uri: string): ObjectStore | Promise<ObjectStore>;
}

interface Bucket {
  readonly store: Promise<ObjectStore>;
  readonly listings: Semaphore;
}

/** How many listings of one bucket are read at a time. */
const MAX_LISTINGS = 32;

/** The stores that are open, one for each bucket. */
export class StorePool {
  readonly #options: StorePoolOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: StorePoolOptions) {
    this.#options = options;
  }

  /** Opens the bucket of a URI, or returns the one that is open. `onList` is called for each page that is requested. */
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
    // One that could not be opened is opened again.
    store.catch(() => this.#buckets.delete(name));
    return bucket;
  }
}
