import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, delay, type LocalLease, type Logger } from "@serving-kit/core";
import { errors, isUnwritable } from "../errors.js";
import { makeFolder } from "../folders.js";
import { type CacheEntry, EntryFiles, type NewEntry } from "./entry-files.js";
import { KnownVersions } from "./known-versions.js";
import { type HeldLease, LeaseFiles } from "./lease-files.js";

/** Options for the cache of fetched versions. */
export interface ModelCacheOptions {
  /** The folder, which several processes may share. Created when the first version is fetched. */
  readonly dir: string;
  /**
   * Total size of its versions in bytes, above which the least recently used ones are removed. Default: half of the
   * free space.
   */
  readonly maxBytes?: number | undefined;
}

/** The version to lease. */
export interface WantedVersion {
  /** The key of the content. */
  readonly key: string;
  readonly uri: string;
  /** Total size of its objects in bytes, for which space is freed. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** Called repeatedly while another process or another call downloads the version. */
  readonly onWaiting?: () => void;
  /** Downloads its files into an empty folder. */
  fill(folder: string, signal: AbortSignal): Promise<Pick<NewEntry, "root" | "sizeBytes">>;
}

/** A lease of a cached version. */
export interface CacheLease extends LocalLease {
  /** The key of the content. */
  readonly key: string;
  /** True if it was already in the cache. */
  readonly isHit: boolean;
}

/** Interval in ms at which the download of another process is checked. */
const WAIT_MS = 200;

/**
 * A cache of fetched versions on this machine, in a folder that several processes share.
 *
 * - LC1 A version enters the cache by one rename, after all of its files are on the disk.
 * - LC2 Concurrent requests for a version, in one process or in several, download it once.
 * - LC3 A version with a valid lease is not removed. `LeaseFiles` defines which leases are valid.
 * - LC4 Above `maxBytes`, and when the disk is full, the least recently used versions without a lease are removed.
 *   Leased versions may exceed `maxBytes`, because a hot swap needs two versions for a while.
 * - LC5 If a process ends during a download, the next process removes the folder that it left.
 *
 * Accesses no file until `lease`, `existing` or `known` is used.
 */
export class ModelCache {
  readonly dir: string;
  /** The last known state of the storage, for when it cannot be read. */
  readonly known: KnownVersions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries: EntryFiles;
  readonly #leases: LeaseFiles;
  #maxBytes: number;
  #opening: Promise<void> | undefined;

  constructor({ dir, maxBytes }: ModelCacheOptions, clock: Clock, logger: Logger) {
    this.dir = resolve(dir);
    this.known = new KnownVersions(this.dir);
    this.#clock = clock;
    this.#logger = logger;
    this.#entries = new EntryFiles(join(this.dir, "versions"));
    this.#leases = new LeaseFiles(join(this.dir, "leases"), clock);
    this.#maxBytes = maxBytes ?? Number.NaN;
  }

  /** The limit in bytes; NaN until the cache is used. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /**
   * Returns a lease of a version. Downloads the version if it is not in the cache.
   *
   * @throws ServingError RESOURCE_EXHAUSTED / CACHE_FULL, FAILED_PRECONDITION / CACHE_UNWRITABLE; the error of
   * `fill`; the signal's reason.
   */
  async lease(wanted: WantedVersion): Promise<CacheLease> {
    const { key, uri, signal } = wanted;
    for (let isRetry = false; ; isRetry = true) {
      signal.throwIfAborted();
      try {
        return (await this.existing(key, signal)) ?? (await this.#load(wanted));
      } catch (error) {
        const { code } = (error ?? {}) as NodeJS.ErrnoException;
        if (isUnwritable(code)) throw errors.cacheUnwritable(this.dir, error);
        if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
        const isEmptied = (await this.#evict(Number.POSITIVE_INFINITY)) > 0;
        if (isRetry || !isEmptied) throw errors.cacheFull(this.dir, uri, error);
      }
    }
  }

  /** Returns whether a version is in the cache now. */
  async has(key: string): Promise<boolean> {
    return (await this.#entries.read(key)) !== undefined;
  }

  /** Returns a lease of a version if it is in the cache. */
  async existing(key: string, signal: AbortSignal): Promise<CacheLease | undefined> {
    await this.#open();
    for (;;) {
      if ((await this.#entries.read(key)) === undefined) return undefined;
      const use = await this.#leases.add(key, "use");
      // The lease is added before evictions are checked. An eviction adds its mark before it checks leases, so one
      // sees the other.
      const leases = await this.#leases.list();
      const isEvicted = leases.some((lease) => lease.key === key && lease.kind === "evict");
      const entry = isEvicted ? undefined : await this.#entries.read(key);
      if (entry !== undefined) return this.#leaseOf(entry, use, true);
      await use.release();
      if (isEvicted) await delay(this.#clock, WAIT_MS, signal);
      signal.throwIfAborted();
    }
  }

  /**
   * Downloads a version, or waits for another download of it. That download may fail, so the caller checks the cache
   * again.
   */
  async #load(wanted: WantedVersion): Promise<CacheLease> {
    const { uri, sizeBytes, signal, key, fill } = wanted;
    const load = await this.#begin(wanted);
    if (load === undefined) return this.lease(wanted);
    let use: HeldLease | undefined;
    try {
      await this.#makeRoom(sizeBytes, uri);
      const folder = await this.#entries.begin(key, load.token);
      const { root, sizeBytes: bytes } = await fill(folder, signal);
      signal.throwIfAborted();
      // Leased before the rename, so that the version is not removed in between.
      use = await this.#leases.add(key, "use");
      await this.#entries.publish(key, load.token, { uri, root, sizeBytes: bytes });
      const entry = await this.#entries.read(key);
      if (entry === undefined) throw new Error(`${this.dir}/versions/${key} was removed`);
      return this.#leaseOf(entry, use, false);
    } catch (error) {
      await use?.release();
      await this.#entries.discard(key, load.token);
      throw error;
    } finally {
      await load.release();
    }
  }

  /** Returns the lease to download a version; undefined once another download of it has ended. */
  async #begin(wanted: WantedVersion): Promise<HeldLease | undefined> {
    const { key, sizeBytes, signal, onWaiting } = wanted;
    const others = async (own?: string) => {
      const leases = await this.#leases.list();
      return leases.filter((l) => l.key === key && l.kind === "load" && l.token !== own);
    };
    if ((await others()).length === 0) {
      const load = await this.#leases.add(key, "load", sizeBytes);
      // If several processes add a lease at the same time, one of them keeps it.
      if ((await others(load.token)).every(({ token }) => token > load.token)) return load;
      await load.release();
    }
    while ((await others()).length > 0) {
      await delay(this.#clock, WAIT_MS, signal);
      signal.throwIfAborted();
      onWaiting?.();
    }
    return undefined;
  }

  #leaseOf(entry: CacheEntry, use: HeldLease, isHit: boolean): CacheLease {
    let disposing: Promise<void> | undefined;
    const dispose = async () => {
      await this.#entries.touch(entry.key);
      await use.release();
    };
    return {
      key: entry.key,
      path: entry.path,
      sizeBytes: entry.sizeBytes,
      isHit,
      [Symbol.asyncDispose]: () => {
        disposing ??= dispose();
        return disposing;
      },
    };
  }

  /** Frees space for a download that has its lease. @throws ServingError RESOURCE_EXHAUSTED / CACHE_FULL */
  async #makeRoom(sizeBytes: number, uri: string): Promise<void> {
    const leases = await this.#leases.list();
    const reserved = leases.reduce((sum, lease) => sum + lease.sizeBytes, 0);
    const entries = await this.#entries.list();
    const usedBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    const excess = usedBytes + reserved - this.#maxBytes;
    const missing = sizeBytes - (await this.#freeBytes());
    const freed = await this.#evict(Math.max(excess, missing));
    if (missing > 0 && freed < missing) throw errors.cacheFull(this.dir, uri);
    if (freed >= excess) return;
    const { dir } = this;
    const text = `the model cache ${dir} exceeds ${this.#maxBytes} bytes, because all its versions are in use`;
    this.#logger.warn({ dir, maxBytes: this.#maxBytes }, text);
  }

  /** Removes versions without a lease, the least recently used first. Returns the number of freed bytes. */
  async #evict(bytes: number): Promise<number> {
    let freed = 0;
    for (const { key, uri, sizeBytes } of bytes > 0 ? await this.#entries.list() : []) {
      if (freed >= bytes) break;
      const mark = await this.#leases.add(key, "evict");
      const leases = await this.#leases.list();
      if (!leases.some((lease) => lease.key === key && lease.kind === "use")) {
        await this.#entries.remove(key, mark.token);
        freed += sizeBytes;
        this.#logger.info({ uri, sizeBytes }, `removed ${uri} from the model cache`);
      }
      await mark.release();
    }
    return freed;
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.dir);
    return bavail * bsize;
  }

  #open(): Promise<void> {
    this.#opening ??= this.#prepare().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #prepare(): Promise<void> {
    const { dir } = this;
    for (const folder of [dir, join(dir, "versions"), join(dir, "leases")])
      await makeFolder(folder);
    const tokens = new Set((await this.#leases.list()).map(({ token }) => token));
    await this.#entries.sweep(tokens);
    if (!Number.isNaN(this.#maxBytes)) return;
    const entries = await this.#entries.list();
    const usedBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    // The bytes of the cache count as free space, so that a restart computes the same limit.
    this.#maxBytes = Math.floor(((await this.#freeBytes()) + usedBytes) / 2);
    const text = `the model cache ${dir} is limited to ${this.#maxBytes} bytes, half of the free space`;
    this.#logger.info({ dir, maxBytes: this.#maxBytes }, text);
  }
}
