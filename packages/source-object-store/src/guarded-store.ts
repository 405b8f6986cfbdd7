import { type Clock, type Semaphore, settleBy, type VersionLabels } from "@serving-kit/core";
import { errors } from "./errors.js";
import { LinkedAbort } from "./linked-abort.js";
import type { ListingPace } from "./listing-pace.js";
import type { ListPage, ListQuery, ObjectStore, ReadQuery } from "./object-store.js";

/** The limits of a guarded store. */
export interface StoreGuard {
  readonly clock: Clock;
  readonly pace: ListingPace;
  /** Limits the number of concurrent listings of the store. */
  readonly listings: Semaphore;
  /** Called for each requested page. */
  onList(): void;
}

/** Time in ms after which a request without a response is aborted. */
const ANSWER_MS = 15_000;

/** A store whose listings are paced and counted, and whose requests time out. */
export class GuardedStore implements ObjectStore {
  readonly id: string;
  readonly #store: ObjectStore;
  readonly #guard: StoreGuard;

  constructor(store: ObjectStore, guard: StoreGuard) {
    this.id = store.id;
    this.#store = store;
    this.#guard = guard;
  }

  async *list(query: ListQuery): AsyncGenerator<ListPage> {
    const { pace, listings, onList } = this.#guard;
    const { signal } = query;
    await listings.acquire(signal);
    using stop = new LinkedAbort(signal);
    const iterable = this.#store.list({ ...query, signal: stop.signal });
    const pages = iterable[Symbol.asyncIterator]();
    try {
      for (;;) {
        await pace.turn(signal);
        signal.throwIfAborted();
        onList();
        const page = await this.#answer(pages.next(), `${this.id}/${query.prefix}`, stop, signal);
        if (page.done) return;
        yield page.value;
        if (!page.value.isTruncated) return;
      }
    } finally {
      listings.release();
      void pages.return?.()?.then(undefined, () => {});
    }
  }

  read(key: string, query: ReadQuery): Promise<AsyncIterable<Uint8Array>> {
    return this.#store.read(key, query);
  }

  async checksum(key: string, query: Pick<ReadQuery, "ifMatch" | "signal">) {
    using stop = new LinkedAbort(query.signal);
    const asking = this.#store.checksum?.(key, { ...query, signal: stop.signal });
    return asking && (await this.#answer(asking, `${this.id}/${key}`, stop, query.signal));
  }

  async labels(prefix: string, signal: AbortSignal): Promise<VersionLabels> {
    return (await this.#store.labels?.(prefix, signal)) ?? {};
  }

  /** Settles as a request does. If it takes too long, aborts it and rejects. */
  async #answer<T>(
    request: Promise<T>,
    uri: string,
    stop: AbortController,
    signal: AbortSignal,
  ): Promise<T> {
    const { clock } = this.#guard;
    const error = () => {
      const late = errors.storeUnavailable(uri, `no response for ${ANSWER_MS} ms`);
      stop.abort(late);
      return late;
    };
    request.catch(() => {});
    const atMs = clock.now() + ANSWER_MS;
    return settleBy(request, { signal, deadline: { clock, atMs, error } });
  }
}
