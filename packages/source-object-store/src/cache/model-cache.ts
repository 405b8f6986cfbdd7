import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, delay, type LocalLease, type Logger } from "@serving-kit/core";
import { errors, isUnwritable } from "../errors.js";
import { type CacheEntry, EntryFiles, type NewEntry } from "./entry-files.js";
import { KnownVersions } from "./known-versions.js";
import { type HeldLease, LeaseFiles } from "./lease-files.js";
import { makeFolder } from "./make-folder.js";

/** Where fetched versions are kept. */
export interface ModelCacheOptions {
  /** The folder, which other processes may share. It is made when the first version is fetched. */
  readonly dir: string;
  /** How many bytes its versions may have before the least recently used ones are removed. Default: half of what is free. */
  readonly maxBytes?: number | undefined;
}

/** The version that a lease is for. */
export interface WantedVersion {
  /** The content's address. */
  readonly key: string;
  readonly uri: string;
  /** The size of its objects in bytes, for which room is made. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** Called now and then while another process, or another call, downloads the version. */
  readonly onWaiting?: () => void;
  /** Downloads its files into an empty folder. */
  fill(folder: string, signal: AbortSignal): Promise<Pick<NewEntry, "root" | "sizeBytes">>;
}

/** A lease of a version in the cache. */
export interface CacheLease extends LocalLease {
  /** The content's address. */
  readonly key: string;
  /** Whether it was in the cache before. */
  readonly isHit: boolean;
}

/** How often the download of another process is checked, in ms. */
const WAIT_MS = 200;

/**
 * Fetched versions on this machine, in a folder that several processes share.
 *
 * - LC1 A version is in the cache once all of its files are on the disk, by one rename.
 * - LC2 Two that want the same version, in one process or in several, download it once.
 * - LC3 A version that is leased stays. A lease counts as `LeaseFiles` says.
 * - LC4 Above `maxBytes`, and when the disk is full, the least recently used versions that are not leased are removed.
 *   What is leased may exceed `maxBytes`: a hot swap needs two versions for a while.
 * - LC5 A process that ends in the middle of a download leaves a folder that the next one removes.
 *
 * Touches no file before `lease`, `existing` or `known` is used.
 */
export class ModelCache {
  readonly dir: string;
  /** The last known state of storage that cannot be read now. */
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

  /** The limit in bytes, NaN before the cache was used. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /**
   * Returns a lease of a version, which is downloaded if it is not in the cache.
   *
   * @throws ServingError RESOURCE_EXHAUSTED / CACHE_FULL, FAILED_PRECONDITION / CACHE_UNWRITABLE; what `fill` rejects
   * with; the signal's reason.
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

  /** Whether a version is in the cache now. */
  async has(key: string): Promise<boolean> {
    return (await this.#entries.read(key)) !== undefined;
  }

  /** Returns a lease of a version if it is in the cache. */
  async existing(key: string, signal: AbortSignal): Promise<CacheLease | undefined> {
    await this.#open();
    for (;;) {
      if ((await this.#entries.read(key)) === undefined) return undefined;
      const use = await this.#leases.add(key, "use");
      // The lease is there first, and then the other's is checked; who removes versions does the same.
      const leases = await this.#leases.list();
      const isEvicted = leases.some((lease) => lease.key === key && lease.kind === "evict");
      const entry = isEvicted ? undefined : await this.#entries.read(key);
      if (entry !== undefined) return this.#leaseOf(entry, use, true);
      await use.release();
      if (isEvicted) await delay(this.#clock, WAIT_MS, signal);
      signal.throwIfAborted();
    }
  }

  /** Downloads a version, or waits for another's download; that may fail, so the caller checks the cache again. */
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
      // Before the version has its name, so that it is not removed in between.
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

  /** The lease to download a version; undefined once another's download has ended. */
  async #begin(wanted: WantedVersion): Promise<HeldLease | undefined> {
    const { key, sizeBytes, signal, onWaiting } = wanted;
    const others = async (own?: string) => {
      const leases = await this.#leases.list();
      return leases.filter((l) => l.key === key && l.kind === "load" && l.token !== own);
    };
    if ((await others()).length === 0) {
      const load = await this.#leases.add(key, "load", sizeBytes);
      // Of several that have added theirs at the same time, one stays.
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

  /** Makes room for a download, whose lease is there. @throws ServingError RESOURCE_EXHAUSTED / CACHE_FULL */
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
    const text = `the model cache ${dir} exceeds ${this.#maxBytes} bytes: all of it is in use`;
    this.#logger.warn({ dir, maxBytes: this.#maxBytes }, text);
  }

  /** Removes versions that are not leased, the least recently used first, and returns how many bytes they had. */
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
    // The bytes of the cache count as free, so that a restart has the same limit.
    this.#maxBytes = Math.floor(((await this.#freeBytes()) + usedBytes) / 2);
    const text = `the model cache ${dir} may have ${this.#maxBytes} bytes, half of what is free`;
    this.#logger.info({ dir, maxBytes: this.#maxBytes }, text);
  }
}
