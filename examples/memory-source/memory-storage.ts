import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Clock,
  delay,
  type LocalLease,
  type RemotePath,
  ServingError,
  systemClock,
  type Version,
} from "@serving-kit/core";
import { Subject } from "rxjs";

/** The files of a version by their names relative to it. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Options for `MemoryStorage`. */
export interface MemoryStorageOptions {
  /** Simulated network latency of a fetch in ms. Default 500. */
  readonly fetchMs?: number;
  readonly clock?: Clock;
}

/** Models in memory. Like models in a bucket, they must be copied to the file system before they can be loaded. */
export class MemoryStorage {
  /** Emits each base path whose versions have changed. */
  readonly changes = new Subject<string>();
  /** The number of fetches and listings so far. */
  accesses = 0;
  /** The number of local copies. */
  copies = 0;
  readonly #fetchMs: number;
  readonly #clock: Clock;
  readonly #versions = new Map<string, Map<Version, Files>>();
  readonly #unreadable = new Set<string>();

  constructor({ fetchMs = 500, clock = systemClock }: MemoryStorageOptions = {}) {
    this.#fetchMs = fetchMs;
    this.#clock = clock;
  }

  /** Adds or replaces a version under a base path such as `memory://digits`. */
  publish(basePath: string, version: Version, files: Files): void {
    const versions = this.#versions.get(basePath) ?? new Map();
    this.#versions.set(basePath, versions.set(version, files));
    this.changes.next(basePath);
  }

  remove(basePath: string, version: Version): void {
    this.#versions.get(basePath)?.delete(version);
    this.changes.next(basePath);
  }

  /** Makes the versions under a base path readable or unreadable. */
  setReadable(basePath: string, isReadable: boolean): void {
    if (isReadable) this.#unreadable.delete(basePath);
    else this.#unreadable.add(basePath);
    this.changes.next(basePath);
  }

  /** The versions under a base path. @throws ServingError UNAVAILABLE / MEMORY_UNREADABLE. */
  versions(basePath: string): ReadonlyMap<Version, RemotePath> {
    this.accesses++;
    this.#check(basePath);
    const versions = [...(this.#versions.get(basePath) ?? [])];
    return new Map(
      versions.map(([version, files]) => [
        version,
        {
          uri: `${basePath}/${version}`,
          sizeBytes: sizeOf(files),
          fetch: async (signal, progressed) => {
            const lease = await this.#fetch(basePath, version, signal);
            progressed?.();
            return lease;
          },
        },
      ]),
    );
  }

  async #fetch(basePath: string, version: Version, signal: AbortSignal): Promise<LocalLease> {
    signal.throwIfAborted();
    this.accesses++;
    await delay(this.#clock, this.#fetchMs, signal);
    signal.throwIfAborted();
    this.#check(basePath);
    const files = this.#versions.get(basePath)?.get(version);
    if (files === undefined) {
      throw new ServingError("NOT_FOUND", "MEMORY_VERSION_GONE", `${basePath}/${version} is gone`);
    }
    return this.#copy(files, signal);
  }

  async #copy(files: Files, signal: AbortSignal): Promise<LocalLease> {
    const path = await mkdtemp(join(tmpdir(), "serving-kit-memory-"));
    this.copies++;
    let isHeld = true;
    const dispose = async () => {
      if (!isHeld) return;
      isHeld = false;
      await rm(path, { recursive: true, force: true });
      this.copies--;
    };
    try {
      for (const [name, bytes] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), bytes, { signal });
      }
      return { path, sizeBytes: sizeOf(files), [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await dispose();
      signal.throwIfAborted();
      throw error;
    }
  }

  #check(basePath: string): void {
    if (!this.#unreadable.has(basePath)) return;
    throw new ServingError("UNAVAILABLE", "MEMORY_UNREADABLE", `${basePath} cannot be read`);
  }
}

const sizeOf = (files: Files) =>
  Object.values(files).reduce((sum, { byteLength }) => sum + byteLength, 0);
