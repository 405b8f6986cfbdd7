import {
  type AspiredVersions,
  inSlices,
  type ModelSource,
  type RemotePath,
  runToEnd,
  type ServableId,
  type ServingError,
  type SourceEvent,
  type SourceProblem,
  SourceProblems,
  type SourceProvider,
  type SourceServable,
  type Steps,
  type StoragePath,
  type VersionLabels,
} from "@serving-kit/core";
import type { Subscriber } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import { Subject } from "rxjs/internal/Subject";
import { errors } from "../errors.js";
import { ProviderSource, type ProviderSourceSettings } from "./provider-source.js";

/** The reasons for failures of a provider. */
const FAILURES = ["SOURCE_FAILED", "SOURCE_HANGS"] as const;

/** Number of names that are withdrawn before yielding to the event loop. */
const STEP_NAMES = 256;

type ModelData = StoragePath | RemotePath;

/** One servable, and the provider that finds its versions. */
export interface ProvidedServable extends SourceServable {
  readonly provider: SourceProvider;
}

/** The dependencies of the sources of a server's models. */
export interface ModelSourcesOptions extends ProviderSourceSettings {
  readonly servables: readonly ProvidedServable[];
  /** Returns whether a version is available now. */
  isAvailable(id: ServableId): boolean;
}

/** Servables by name and by provider. */
interface Routes {
  readonly byName: ReadonlyMap<string, ProvidedServable>;
  readonly byProvider: ReadonlyMap<SourceProvider, readonly SourceServable[]>;
}

function* routesOf(servables: Iterable<ProvidedServable>): Steps<Routes> {
  const byName = new Map<string, ProvidedServable>();
  const byProvider = new Map<SourceProvider, SourceServable[]>();
  for (const provided of servables) {
    const { provider, ...servable } = provided;
    byName.set(servable.name, provided);
    const ofProvider = byProvider.get(provider);
    if (ofProvider === undefined) byProvider.set(provider, [servable]);
    else ofProvider.push(servable);
    if (byName.size % STEP_NAMES === 0) yield;
  }
  return { byName, byProvider };
}

/**
 * Merges the sources of a server's models into one source: the source of its provider emits each name.
 *
 * If a provider throws, fails or does not respond, only its own models get the problem SOURCE_FAILED or SOURCE_HANGS.
 *
 * If a reload moves a name to another provider, the old source's list stays in effect until the new source emits
 * versions. An empty list of the new source is ignored until one of its versions has been available, so that the name
 * keeps its loaded versions.
 */
export class ModelSources extends Observable<AspiredVersions<ModelData>> implements ModelSource {
  readonly events: Observable<SourceEvent>;
  readonly #options: ModelSourcesOptions;
  readonly #told = new Subject<SourceEvent>();
  readonly #subscribers = new Set<Subscriber<AspiredVersions<ModelData>>>();
  readonly #sources = new Map<SourceProvider, ProviderSource>();
  /** The last emitted list of each name, while there is a subscriber. */
  readonly #inForce = new Map<string, AspiredVersions<ModelData>>();
  /**
   * Names that a reload has moved, until a version of the new source is available. The value says whether the new
   * source has emitted a version.
   */
  readonly #moving = new Map<string, "silent" | "emitted">();
  #servables: ReadonlyMap<string, ProvidedServable>;
  /** The number of calls of `reconfigure`. */
  #requested = 0;
  /** The names whose provider has failed and has not responded since. */
  readonly #failing = new Set<string>();
  /** The problems of names whose provider is failing or has failed, without those that the provider itself reports. */
  readonly #failures = new Map<string, SourceProblems>();
  #subscriptionCount = 0;

  constructor(options: ModelSourcesOptions) {
    super((subscriber) => this.#attach(subscriber));
    this.#options = options;
    this.events = this.#told.asObservable();
    this.#servables = runToEnd(routesOf(options.servables)).byName;
  }

  async reconfigure(servables: readonly ProvidedServable[]): Promise<void> {
    const requested = ++this.#requested;
    const next = await inSlices(routesOf(servables));
    // A later call has replaced this one.
    if (requested !== this.#requested) return;
    const before = this.#servables;
    this.#servables = next.byName;
    if (this.#subscriptionCount === 0) return;
    for (const [name, { provider }] of before) {
      const now = this.#servables.get(name);
      if (now !== undefined && now.provider !== provider) this.#moving.set(name, "silent");
    }
    const routed = this.#route(next.byProvider);
    await inSlices(this.#withdraw(this.#servables));
    await routed;
  }

  /** Withdraws names that were removed: the first ones immediately, thousands in slices. */
  *#withdraw(servables: ReadonlyMap<string, ProvidedServable>): Steps<void> {
    let count = 0;
    for (const name of [...this.#inForce.keys()]) {
      if (servables.has(name)) continue;
      this.#moving.delete(name);
      this.#inForce.delete(name);
      for (const subscriber of this.#subscribers) subscriber.next({ name, versions: [] });
      if (++count % STEP_NAMES === 0) yield;
      // A later configuration has replaced this one.
      if (this.#servables !== servables) return;
    }
  }

  async poll(): Promise<void> {
    if (this.#subscriptionCount === 0) return;
    await Promise.all(Array.from(this.#sources.values(), (source) => source.poll()));
  }

  problems(name?: string): SourceProblem[] {
    const names = name === undefined ? [...this.#servables.keys()] : [name];
    return names.flatMap((each) => [
      ...(this.#failures.get(each)?.list() ?? []),
      ...(this.#sourceOf(each)?.problems(each) ?? []),
    ]);
  }

  labels(name: string): VersionLabels {
    return this.#sourceOf(name)?.labels(name) ?? {};
  }

  #sourceOf(name: string): ProviderSource | undefined {
    const servable = this.#servables.get(name);
    return servable && this.#sources.get(servable.provider);
  }

  #attach(subscriber: Subscriber<AspiredVersions<ModelData>>): () => void {
    if (this.#subscriptionCount++ === 0) {
      void this.#route(runToEnd(routesOf(this.#servables.values())).byProvider);
    }
    queueMicrotask(() => {
      if (subscriber.closed) return;
      this.#subscribers.add(subscriber);
      for (const list of this.#inForce.values()) subscriber.next(list);
    });
    return () => {
      this.#subscribers.delete(subscriber);
      if (--this.#subscriptionCount > 0) return;
      for (const source of this.#sources.values()) source[Symbol.dispose]();
      for (const state of [this.#sources, this.#inForce, this.#moving, this.#failures])
        state.clear();
    };
  }

  /** Assigns servables to providers, and disposes the sources of providers without servables. Never rejects. */
  async #route(byProvider: Routes["byProvider"]): Promise<void> {
    for (const [name, problems] of this.#failures) {
      if (this.#servables.has(name)) continue;
      problems.clear();
      this.#failures.delete(name);
    }
    for (const [provider, source] of this.#sources) {
      if (byProvider.has(provider)) continue;
      source[Symbol.dispose]();
      this.#sources.delete(provider);
    }
    const assigned = Array.from(byProvider, ([provider, servables]) => {
      let source = this.#sources.get(provider);
      if (source === undefined) {
        source = this.#open(provider);
        this.#sources.set(provider, source);
      }
      return source.reconfigure(servables);
    });
    await Promise.all(assigned);
  }

  #open(provider: SourceProvider): ProviderSource {
    const isOwn = (name: string) => this.#servables.get(name)?.provider === provider;
    const report = (errorOf: (name: string, isServed: boolean) => ServingError) => {
      for (const name of this.#namesOf(provider)) {
        const isServed = (this.#inForce.get(name)?.versions.length ?? 0) > 0;
        this.#report(name, errorOf(name, isServed));
      }
    };
    const { schemes } = provider;
    return new ProviderSource(provider, this.#options, {
      emit: this.#take.bind(this, provider),
      tell: (event) => {
        if (isOwn("problem" in event ? event.problem.name : event.name)) this.#told.next(event);
      },
      failed: (error) => report((name, is) => errors.sourceFailed(name, schemes, error, is)),
      hangs: (quietMs) => report((name, is) => errors.sourceHangs(name, schemes, quietMs, is)),
      answered: () => {
        // Each list counts as a response. Usually few names or none have failed.
        for (const name of this.#failing) {
          if (this.#servables.has(name) && !isOwn(name)) continue;
          for (const reason of FAILURES) this.#failures.get(name)?.retract(reason);
          this.#failing.delete(name);
        }
      },
    });
  }

  #namesOf(provider: SourceProvider): string[] {
    const servables = [...this.#servables.values()];
    return servables.filter((servable) => servable.provider === provider).map(({ name }) => name);
  }

  /** Records why the versions of a name are unknown. Notifies callers that wait for the name if it has no list. */
  #report(name: string, error: ServingError): void {
    this.#failing.add(name);
    this.#failuresOf(name).report(error);
    // Deferred, because a source may fail within subscribe (O9).
    queueMicrotask(() => {
      const isOpen = this.#subscriptionCount > 0;
      const provider = this.#servables.get(name)?.provider;
      if (isOpen && provider && !this.#inForce.has(name)) {
        this.#take(provider, { name, versions: [], error });
      }
    });
  }

  #failuresOf(name: string): SourceProblems {
    let problems = this.#failures.get(name);
    if (problems === undefined) {
      const tell = (event: SourceEvent) => this.#told.next(event);
      problems = new SourceProblems(name, this.#options.clock, { tell });
      this.#failures.set(name, problems);
    }
    return problems;
  }

  /** Takes a list of the provider, ignoring names that belong to another provider. */
  #take(provider: SourceProvider, list: AspiredVersions<ModelData>): void {
    const { name, versions } = list;
    if (this.#servables.get(name)?.provider !== provider) return;
    const before = this.#inForce.get(name)?.versions ?? [];
    if (this.#moving.has(name) && before.length > 0) {
      if (versions.length > 0) this.#moving.set(name, "emitted");
      else if (!this.#hasArrived(name, before)) return;
    }
    this.#inForce.set(name, list);
    for (const subscriber of this.#subscribers) subscriber.next(list);
  }

  /** Returns whether a version that the new source of a name has emitted is available. */
  #hasArrived(name: string, emitted: AspiredVersions<ModelData>["versions"]): boolean {
    const isNew = this.#moving.get(name) === "emitted";
    if (!isNew || !emitted.some(({ id }) => this.#options.isAvailable(id))) return false;
    return this.#moving.delete(name);
  }
}
