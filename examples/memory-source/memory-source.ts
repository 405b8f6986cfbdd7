import {
  type AspiredVersions,
  eligibleVersions,
  latestVersions,
  type ModelSource,
  type RemotePath,
  ServingError,
  type SourceContext,
  type SourceProblem,
  type SourceProblemEvent,
  SourceProblems,
  type SourceProvider,
  type SourceServable,
  wantedCount,
} from "@serving-kit/core";
import { Observable, Subject, type Subscriber } from "rxjs";
import type { MemoryStorage } from "./memory-storage.js";

/** The source provider for models in memory, with base paths such as `memory://digits`. */
export function memoryProvider(storage: MemoryStorage): SourceProvider {
  return {
    schemes: ["memory"],
    resolve(basePath) {
      if (/^memory:\/\/[\w/-]+$/.test(basePath)) return basePath.replace(/\/+$/, "");
      throw new TypeError(
        `expected memory:// with a name, such as memory://digits; got ${basePath}`,
      );
    },
    create: (context) => new MemorySource(storage, context),
  };
}

/** Emits the versions in a memory storage, immediately after each change. */
class MemorySource extends Observable<AspiredVersions<RemotePath>> implements ModelSource {
  readonly events = new Subject<SourceProblemEvent>();
  readonly #storage: MemoryStorage;
  readonly #context: SourceContext;
  readonly #subscribers = new Set<Subscriber<AspiredVersions<RemotePath>>>();
  /** The problems of each servable, while the source has a subscriber. */
  readonly #problems = new Map<string, SourceProblems>();
  #servables: readonly SourceServable[];

  constructor(storage: MemoryStorage, context: SourceContext) {
    super((subscriber) => this.#attach(subscriber));
    this.#storage = storage;
    this.#context = context;
    this.#servables = context.servables;
  }

  reconfigure(servables: readonly SourceServable[]): void {
    const names = new Set(servables.map(({ name }) => name));
    const gone = this.#servables.filter(({ name }) => !names.has(name));
    this.#servables = servables;
    for (const { name } of gone) {
      this.#problems.get(name)?.clear();
      this.#problems.delete(name);
      this.#emit({ name, versions: [] });
    }
    this.#read();
  }

  async poll(): Promise<void> {
    this.#read();
  }

  problems(name?: string): SourceProblem[] {
    const of = name === undefined ? [...this.#problems.values()] : [this.#problems.get(name)];
    return of.flatMap((problems) => problems?.list() ?? []);
  }

  #attach(subscriber: Subscriber<AspiredVersions<RemotePath>>): () => void {
    const changes = this.#storage.changes.subscribe((basePath) => this.#read(basePath));
    // Emit asynchronously: a source must not emit inside `subscribe` (O9).
    queueMicrotask(() => {
      if (subscriber.closed) return;
      this.#subscribers.add(subscriber);
      this.#read();
    });
    return () => {
      changes.unsubscribe();
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) this.#problems.clear();
    };
  }

  /** Reads the whole storage, or one base path of it, and emits the versions found. */
  #read(changed?: string): void {
    if (this.#subscribers.size === 0) return;
    for (const servable of this.#servables) {
      if (changed === undefined || servable.basePath === changed) this.#readOne(servable);
    }
  }

  #readOne({ name, basePath, versionPolicy = latestVersions() }: SourceServable): void {
    const { events } = this;
    const listener = { tell: (event: SourceProblemEvent) => events.next(event) };
    const problems =
      this.#problems.get(name) ?? new SourceProblems(name, this.#context.clock, listener);
    this.#problems.set(name, problems);
    try {
      const found = this.#storage.versions(basePath);
      const chosen = eligibleVersions(versionPolicy, found.keys()).slice(
        0,
        wantedCount(versionPolicy),
      );
      const versions = chosen.map((version) => ({
        id: { name, version },
        data: found.get(version) as RemotePath,
      }));
      const text = `${basePath} has no versions; publish one`;
      const error = new ServingError("NOT_FOUND", "NO_VERSIONS_FOUND", text);
      problems.replace(versions.length === 0 ? [{ error }] : []);
      this.#emit({ name, versions, ...(versions.length === 0 && { error }) });
    } catch (error) {
      // The last emitted lists stay valid (N4).
      problems.replace([{ error: error as ServingError }]);
    }
  }

  #emit(list: AspiredVersions<RemotePath>): void {
    for (const subscriber of this.#subscribers) subscriber.next(list);
  }
}
