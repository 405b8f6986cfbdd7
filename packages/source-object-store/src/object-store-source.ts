import type {
  AspiredVersions,
  Clock,
  Logger,
  ModelSource,
  SourceActivity,
  SourceEvent,
  SourceProblem,
  SourceServable,
  VersionLabels,
} from "@serving-kit/core";
import type { Subscriber } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import { Subject } from "rxjs/internal/Subject";
import { BasePathObserver } from "./base-path-observer.js";
import type { ModelCache } from "./cache/model-cache.js";
import { Polling } from "./polling.js";
import type { FetchOutcome, RemoteVersion } from "./remote-version.js";
import type { StorePool } from "./store-pool.js";
import { parseStoreUri } from "./store-uri.js";
import type { CompletenessRules } from "./version-completeness.js";

/** The dependencies of a source. */
export interface ObjectStoreSourceSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cache: ModelCache;
  readonly stores: StorePool;
  readonly rules: CompletenessRules;
  /** 0 polls once. */
  readonly pollIntervalMs: number;
  readonly concurrency: number;
  /** The parameters allowed in URIs. */
  readonly parameters: readonly string[];
}

/** Time in ms without a byte after which a request is repeated. */
const STALL_MS = 60_000;

/** The source of models in object stores, made by the provider of `objectStore`. Contract: `ModelSource`. */
export class ObjectStoreSource
  extends Observable<AspiredVersions<RemoteVersion>>
  implements ModelSource
{
  readonly events: Observable<SourceEvent>;
  readonly #settings: ObjectStoreSourceSettings;
  readonly #told = new Subject<SourceEvent>();
  readonly #subscribers = new Set<Subscriber<AspiredVersions<RemoteVersion>>>();
  #servables: readonly SourceServable[];
  /** Set while there is a subscriber. */
  #pollings = new Map<string, Polling>();
  #subscriptionCount = 0;

  constructor(settings: ObjectStoreSourceSettings, servables: readonly SourceServable[]) {
    super((subscriber) => this.#attach(subscriber));
    this.#settings = settings;
    this.#servables = this.#checked(servables);
    this.events = this.#told.asObservable();
  }

  reconfigure(servables: readonly SourceServable[]): void {
    this.#servables = this.#checked(servables);
    if (this.#subscriptionCount > 0) this.#observe();
  }

  async poll(): Promise<void> {
    await Promise.all(Array.from(this.#pollings.values(), (polling) => polling.poll(true)));
  }

  problems(name?: string): readonly SourceProblem[] {
    const all = name === undefined ? [...this.#pollings.keys()] : [name];
    return all.flatMap((each) => this.#pollings.get(each)?.observer.problems.list() ?? []);
  }

  labels(name: string): VersionLabels {
    return this.#pollings.get(name)?.observer.labels ?? {};
  }

  #checked(servables: readonly SourceServable[]): readonly SourceServable[] {
    const names = new Set<string>();
    for (const { name, basePath } of servables) {
      parseStoreUri(basePath, this.#settings.parameters);
      if (names.has(name))
        throw new TypeError(`expected unique names; got "${name}" more than once`);
      names.add(name);
    }
    return servables;
  }

  #attach(subscriber: Subscriber<AspiredVersions<RemoteVersion>>): () => void {
    if (this.#subscriptionCount++ === 0) this.#observe();
    // In a later microtask, because nothing may be emitted within subscribe (O9).
    queueMicrotask(() => {
      if (subscriber.closed) return;
      this.#subscribers.add(subscriber);
      for (const { observer } of this.#pollings.values()) {
        if (observer.emitted) subscriber.next(observer.emitted);
      }
    });
    return () => {
      this.#subscribers.delete(subscriber);
      if (--this.#subscriptionCount > 0) return;
      for (const polling of this.#pollings.values()) polling[Symbol.dispose]();
      this.#pollings = new Map();
    };
  }

  /** Observes the current servables. Observers that exist continue with their state. */
  #observe(): void {
    const before = this.#pollings;
    this.#pollings = new Map();
    for (const servable of this.#servables) {
      const known = before.get(servable.name);
      known?.[Symbol.dispose]();
      const observer = this.#observerOf(servable, known?.observer);
      const { clock, pollIntervalMs } = this.#settings;
      this.#pollings.set(servable.name, new Polling(observer, clock, pollIntervalMs));
    }
    for (const [name, polling] of before) {
      if (this.#pollings.has(name)) continue;
      polling[Symbol.dispose]();
      polling.observer.problems.clear();
      if (polling.observer.emitted) this.#emit({ name, versions: [] });
    }
    // Later, because a poll by the caller replaces it.
    for (const polling of this.#pollings.values()) {
      queueMicrotask(() => void polling.start());
    }
  }

  #observerOf(servable: SourceServable, before: BasePathObserver | undefined): BasePathObserver {
    const { clock, logger, cache, stores, rules, concurrency, parameters } = this.#settings;
    const { name } = servable;
    const report = (activity: SourceActivity) => {
      if (this.#subscriptionCount === 0) return;
      this.#told.next({ kind: "activity", name, activity, atMs: clock.now() });
    };
    const uri = parseStoreUri(servable.basePath, parameters);
    const context = {
      ...{ clock, logger, cache, rules, concurrency, stallMs: STALL_MS },
      open: () => stores.open(uri, () => report({ what: "listed" })),
      onFetched: (outcome: FetchOutcome) => report(activityOf(outcome)),
      onListingFailed: (reason: string) =>
        report({ what: "failed", during: "listing", reason, bytes: 0 }),
      emit: (list: AspiredVersions<RemoteVersion>) => {
        if (this.#pollings.get(name)?.observer === observer) this.#emit(list);
      },
      tell: (event: SourceEvent) => this.#told.next(event),
    };
    const observer = new BasePathObserver(context, servable, uri, before);
    return observer;
  }

  #emit(list: AspiredVersions<RemoteVersion>): void {
    for (const subscriber of this.#subscribers) subscriber.next(list);
  }
}

function activityOf({ failure, isHit, bytes, durationMs }: FetchOutcome): SourceActivity {
  if (failure !== undefined) return { what: "failed", during: "fetch", reason: failure, bytes };
  return { what: "fetched", from: isHit ? "cache" : "storage", bytes, durationMs };
}
