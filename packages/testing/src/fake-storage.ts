import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type AspiredVersions,
  type Clock,
  delay,
  eligibleVersions,
  isServingError,
  type LocalLease,
  latestVersions,
  type ModelSource,
  type RemotePath,
  ServingError,
  type SourceActivity,
  type SourceContext,
  type SourceEvent,
  SourceProblems,
  type SourceProvider,
  type SourceServable,
  settleBy,
  systemClock,
  type Version,
  type VersionLabels,
  wantedCount,
} from "@serving-kit/core";
import { Observable, Subject, type Subscriber } from "rxjs";

/** The files of a version: text by name. */
export type FakeFiles = Readonly<Record<string, string>>;

/** Options for a FakeStorage. */
export interface FakeStorageOptions {
  /** The schemes of its provider. Default `["fake"]`. */
  readonly schemes?: readonly string[];
  /** Duration of a fetch on the clock in ms. Default: it ends in the same turn. */
  readonly fetchMs?: number;
  /** Default `systemClock`. */
  readonly clock?: Clock;
}

/** Time in ms that a source waits for a storage that hangs. */
const READ_TIMEOUT_MS = 5_000;

/**
 * Remote storage in memory, with a `SourceProvider` for it. It counts calls, and fails or hangs on request.
 *
 * ```ts
 * const storage = new FakeStorage({ fetchMs: 100, clock });
 * storage.publish("fake://digits", 1n, { "model.txt": "half plus two" });
 * const source = storage.provider.create({ servables, clock, logger });
 * ```
 */
export class FakeStorage {
  readonly provider: SourceProvider;
  /** Number of reads of the storage, for versions and for files. */
  reads = 0;
  /** Number of listings of versions. */
  lists = 0;
  /** Number of fetches in progress. */
  fetching = 0;
  /** Number of leases that are not disposed. */
  leases = 0;
  readonly #versions = new Map<string, Map<Version, FakeFiles>>();
  readonly #labels = new Map<string, VersionLabels>();
  readonly #states = new Map<string, "fails" | "hangs">();
  readonly #options: Required<FakeStorageOptions>;

  constructor(options: FakeStorageOptions = {}) {
    this.#options = { schemes: ["fake"], fetchMs: 0, clock: systemClock, ...options };
    const { schemes } = this.#options;
    this.provider = {
      schemes,
      resolve(basePath) {
        if (/^[a-z]+:\/\/[^/]/.test(basePath)) return basePath.replace(/\/+$/, "");
        throw new TypeError(`expected ${schemes[0]}://… with a name; got ${basePath}`);
      },
      create: (context) => new FakeStorageSource(this, context),
    };
  }

  /** Adds or replaces a version below a base path. */
  publish(basePath: string, version: Version, files: FakeFiles = { model: `${version}` }): void {
    const versions = this.#versions.get(basePath) ?? new Map();
    this.#versions.set(basePath, versions.set(version, files));
  }

  remove(basePath: string, version: Version): void {
    this.#versions.get(basePath)?.delete(version);
  }

  /** Makes future reads below a base path fail, hang or succeed. */
  set(basePath: string, state: "fails" | "hangs" | "answers"): void {
    if (state === "answers") this.#states.delete(basePath);
    else this.#states.set(basePath, state);
  }

  setLabels(basePath: string, labels: VersionLabels): void {
    this.#labels.set(basePath, labels);
  }

  /** Returns the versions and labels below a base path. Rejects or hangs as set by `set`. */
  async list(basePath: string) {
    this.lists++;
    await this.#read(basePath);
    const versions = new Map(this.#versions.get(basePath));
    return { versions, labels: this.#labels.get(basePath) ?? {} };
  }

  /** Returns the remote path of a version. */
  remotePath(basePath: string, version: Version): RemotePath {
    const uri = `${basePath}/${version}`;
    const files = this.#versions.get(basePath)?.get(version);
    return {
      uri,
      ...(files && { sizeBytes: bytesOf(files) }),
      fetch: async (signal, progressed) => {
        signal.throwIfAborted();
        this.fetching++;
        try {
          const { clock, fetchMs } = this.#options;
          if (fetchMs > 0) await delay(clock, fetchMs, signal);
          progressed?.();
          signal.throwIfAborted();
          await this.#read(uri);
          const found = this.#versions.get(basePath)?.get(version);
          if (found === undefined) throw new ServingError("NOT_FOUND", "GONE", `${uri} is gone`);
          return await this.#lease(found, signal);
        } finally {
          this.fetching--;
        }
      },
    };
  }

  async #read(uri: string): Promise<void> {
    this.reads++;
    await Promise.resolve();
    const state = this.#states.get(uri) ?? this.#states.get(dirname(uri));
    if (state === "fails") throw new ServingError("UNAVAILABLE", "DOWN", `${uri} cannot be read`);
    if (state === "hangs") await new Promise(() => {});
  }

  async #lease(files: FakeFiles, signal: AbortSignal): Promise<LocalLease> {
    const path = await mkdtemp(join(tmpdir(), "serving-kit-fake-"));
    let isHeld = true;
    this.leases++;
    const dispose = async () => {
      if (!isHeld) return;
      isHeld = false;
      this.leases--;
      await rm(path, { recursive: true, force: true });
    };
    try {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), text);
      }
      signal.throwIfAborted();
    } catch (error) {
      await dispose();
      throw error;
    }
    return { path, sizeBytes: bytesOf(files), [Symbol.asyncDispose]: dispose };
  }
}

interface Watched {
  readonly servable: SourceServable;
  readonly problems: SourceProblems;
  emitted: AspiredVersions<RemotePath> | undefined;
  labels: VersionLabels;
}

class FakeStorageSource extends Observable<AspiredVersions<RemotePath>> implements ModelSource {
  readonly events = new Subject<SourceEvent>();
  readonly #storage: FakeStorage;
  readonly #context: SourceContext;
  readonly #subscribers = new Set<Subscriber<AspiredVersions<RemotePath>>>();
  #servables: readonly SourceServable[];
  #watched = new Map<string, Watched>();
  #timer: Disposable | undefined;
  #subscriptions = 0;

  constructor(storage: FakeStorage, context: SourceContext) {
    super((subscriber) => this.#attach(subscriber));
    this.#storage = storage;
    this.#context = context;
    this.#servables = context.servables;
  }

  reconfigure(servables: readonly SourceServable[]): void {
    this.#servables = servables;
    if (this.#subscriptions === 0) return;
    const before = this.#watched;
    const names = new Set(servables.map(({ name }) => name));
    this.#watch(before);
    for (const [name, { problems, emitted }] of before) {
      if (names.has(name)) continue;
      problems.clear();
      if (emitted) this.#emit({ name, versions: [] });
    }
    void this.poll();
  }

  async poll(): Promise<void> {
    await Promise.all(Array.from(this.#watched.values(), (watched) => this.#read(watched)));
  }

  problems(name?: string) {
    const watched = [...this.#watched.values()];
    return watched
      .filter(({ servable }) => name === undefined || servable.name === name)
      .flatMap(({ problems }) => problems.list());
  }

  labels(name: string): VersionLabels {
    return this.#watched.get(name)?.labels ?? {};
  }

  #attach(subscriber: Subscriber<AspiredVersions<RemotePath>>): () => void {
    if (this.#subscriptions++ === 0) {
      this.#watch(new Map());
      this.#schedule();
      queueMicrotask(() => void this.poll());
    }
    queueMicrotask(() => {
      if (subscriber.closed) return;
      this.#subscribers.add(subscriber);
      for (const { emitted } of this.#watched.values()) if (emitted) subscriber.next(emitted);
    });
    return () => {
      this.#subscribers.delete(subscriber);
      if (--this.#subscriptions > 0) return;
      this.#timer?.[Symbol.dispose]();
      this.#watched = new Map();
    };
  }

  #watch(before: ReadonlyMap<string, Watched>): void {
    const { clock } = this.#context;
    this.#watched = new Map(
      this.#servables.map((servable) => {
        const { name } = servable;
        const tell = { tell: (event: SourceEvent) => this.events.next(event) };
        const known = before.get(name);
        const problems = known?.problems ?? new SourceProblems(name, clock, tell);
        const { emitted, labels = {} } = known ?? {};
        return [name, { servable, problems, emitted, labels }];
      }),
    );
  }

  #schedule(): void {
    const { clock, pollIntervalMs = 1_000 } = this.#context;
    if (pollIntervalMs === 0) return;
    this.#timer = clock.setTimeout(() => {
      this.#schedule();
      void this.poll();
    }, pollIntervalMs);
  }

  async #read(watched: Watched): Promise<void> {
    const { name, basePath } = watched.servable;
    const isCurrent = () => this.#watched.get(name) === watched;
    this.#report(name, { what: "listed" });
    try {
      const { clock } = this.#context;
      const { versions, labels } = await answered(clock, this.#storage.list(basePath), basePath);
      if (!isCurrent()) return;
      this.#emitFound(watched, versions);
      watched.problems.replace([]);
      if (isDeepStrictEqual(labels, watched.labels)) return;
      watched.labels = labels;
      this.events.next({ kind: "labels", name, atMs: clock.now() });
    } catch (error) {
      if (!isCurrent()) return;
      const { reason } = error as ServingError;
      this.#report(name, { what: "failed", during: "listing", reason, bytes: 0 });
      watched.problems.replace([{ error: error as ServingError }]);
      if (watched.emitted) return;
      watched.emitted = { name, versions: [], error: error as ServingError };
      this.#emit(watched.emitted);
    }
  }

  #emitFound(watched: Watched, found: ReadonlyMap<Version, FakeFiles>): void {
    const { name, basePath, versionPolicy = latestVersions() } = watched.servable;
    const chosen = eligibleVersions(versionPolicy, found.keys()).slice(
      0,
      wantedCount(versionPolicy),
    );
    const same = watched.emitted?.versions.map(({ id }) => id.version).join() === chosen.join();
    if (same && (chosen.length > 0 || watched.emitted?.error?.reason === "EMPTY")) return;
    const absence = new ServingError("NOT_FOUND", "EMPTY", `${basePath} has no versions`);
    watched.emitted = {
      name,
      versions: chosen.map((version) => ({
        id: { name, version },
        data: this.#counted(name, this.#storage.remotePath(basePath, version)),
      })),
      ...(chosen.length === 0 && { error: absence }),
    };
    this.#emit(watched.emitted);
  }

  /** Wraps a remote path so that its fetches are reported. */
  #counted(name: string, remote: RemotePath): RemotePath {
    const { clock } = this.#context;
    return {
      ...remote,
      fetch: async (signal, progressed) => {
        const startMs = clock.now();
        try {
          const lease = await remote.fetch(signal, progressed);
          const durationMs = clock.now() - startMs;
          const bytes = lease.sizeBytes;
          this.#report(name, { what: "fetched", from: "storage", bytes, durationMs });
          return lease;
        } catch (error) {
          const reason = isServingError(error) ? error.reason : "UNEXPECTED";
          if (!signal.aborted)
            this.#report(name, { what: "failed", during: "fetch", reason, bytes: 0 });
          throw error;
        }
      },
    };
  }

  #report(name: string, activity: SourceActivity): void {
    const atMs = this.#context.clock.now();
    if (this.#subscriptions > 0) this.events.next({ kind: "activity", name, activity, atMs });
  }

  #emit(list: AspiredVersions<RemotePath>): void {
    for (const subscriber of this.#subscribers) subscriber.next(list);
  }
}

/** Settles like a read, or rejects if it takes too long. */
function answered<T>(clock: Clock, read: Promise<T>, uri: string): Promise<T> {
  const error = () => new ServingError("UNAVAILABLE", "HANGS", `${uri} does not answer`);
  return settleBy(read, { deadline: { clock, atMs: clock.now() + READ_TIMEOUT_MS, error } });
}

const bytesOf = (files: FakeFiles) =>
  Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
