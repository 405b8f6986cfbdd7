import {
  delay,
  isServingError,
  type Logger,
  type RemotePath,
  type ServingError,
} from "@serving-kit/core";
import type { CacheLease, ModelCache } from "./cache/model-cache.js";
import { ARCHIVE, downloadVersion } from "./download-version.js";
import { errors, isStale } from "./errors.js";
import type { Sighting, VersionSight } from "./version-sight.js";

/** The dependencies of fetches. */
export interface FetchContext {
  readonly cache: ModelCache;
  readonly logger: Logger;
  /** Maximum number of concurrent requests per version. */
  readonly concurrency: number;
  /** Time in ms without a byte after which a request is repeated. */
  readonly stallMs: number;
  /** Called when a fetch has ended, with its outcome. */
  onFetched(outcome: FetchOutcome): void;
}

/** The outcome of a fetch. */
export interface FetchOutcome {
  readonly durationMs: number;
  /** Bytes received from the store. */
  readonly bytes: number;
  /** True if the version was in the cache. Absent if the fetch failed. */
  readonly isHit?: boolean;
  /** The reason of the error. Absent if the fetch succeeded. */
  readonly failure?: string;
}

type OnBytes = (count: number) => void;

/** Time in ms for which the first fetch may use a listing of the source. */
const FRESH_MS = 60_000;

/** Maximum number of new listings of a version that changes while it is fetched. */
const MAX_ROUNDS = 8;

/**
 * The files of a version in an object store: a `RemotePath` (R1 to R8).
 *
 * Each read uses `If-Match`, so that all bytes belong to the objects of one listing. If an object is overwritten or
 * removed meanwhile, the version is listed again, and must settle again.
 */
export class RemoteVersion implements RemotePath {
  readonly uri: string;
  readonly sight: VersionSight;
  readonly #context: FetchContext;
  /** True if the last listing may still be used for a fetch. */
  #isUsed = false;
  /** The leases that are not disposed yet. */
  readonly #held = new Set<CacheLease>();
  /** A content that can never be loaded, and the reason. */
  #refused: { readonly fingerprint: string; readonly error: ServingError } | undefined;

  constructor(sight: VersionSight, context: FetchContext) {
    this.uri = sight.place.uri;
    this.sight = sight;
    this.#context = context;
  }

  get sizeBytes(): number | undefined {
    const { listing } = this.sight.last ?? {};
    const isKnown = listing !== undefined && !listing.files.some(({ name }) => name === ARCHIVE);
    return isKnown ? listing.sizeBytes : undefined;
  }

  get stamp(): string | undefined {
    return this.sight.last?.listing.fingerprint;
  }

  /** Returns whether the objects seen last differ from those of a held lease. */
  get isOverwritten(): boolean {
    const fingerprint = this.sight.last?.listing.fingerprint;
    return [...this.#held].some(({ key }) => key !== fingerprint);
  }

  async fetch(signal: AbortSignal, progressed?: () => void): Promise<CacheLease> {
    signal.throwIfAborted();
    const { clock } = this.sight;
    const startMs = clock.now();
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
      progressed?.();
    };
    const end = (outcome: Pick<FetchOutcome, "isHit" | "failure">) =>
      this.#context.onFetched({ ...outcome, bytes, durationMs: clock.now() - startMs });
    try {
      const lease = await this.#fetch(signal, onBytes);
      end({ isHit: lease.isHit });
      return this.#hold(lease);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      end({ failure: isServingError(error) ? error.reason : "UNEXPECTED" });
      throw error;
    }
  }

  /** Tracks a lease as held until it is disposed. */
  #hold(lease: CacheLease): CacheLease {
    this.#held.add(lease);
    return {
      ...lease,
      [Symbol.asyncDispose]: () => {
        this.#held.delete(lease);
        return lease[Symbol.asyncDispose]();
      },
    };
  }

  async #fetch(signal: AbortSignal, onBytes: OnBytes): Promise<CacheLease> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const seen = await this.#look(signal);
      if ("lease" in seen) return seen.lease;
      const { listing, state } = seen;
      if (listing.files.length === 0) throw errors.versionGone(this.uri);
      if (!state.isComplete) {
        if (state.dueInMs === undefined) throw errors.versionIncomplete(this.uri, state.problem);
        await delay(this.sight.clock, state.dueInMs, signal);
        signal.throwIfAborted();
        continue;
      }
      if (this.#refused?.fingerprint === listing.fingerprint) throw this.#refused.error;
      try {
        return await this.#lease(seen, signal, onBytes);
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error, seen)) {
          this.#refused = { fingerprint: listing.fingerprint, error: error as ServingError };
        }
        if (!isStale(error)) throw error;
      }
    }
    throw errors.versionUnsettled(this.uri);
  }

  /** Returns the current objects; if the store cannot be read, the copy in the cache. */
  async #look(signal: AbortSignal): Promise<Sighting | { readonly lease: CacheLease }> {
    const { last, clock } = this.sight;
    const isFresh = last?.state.isComplete && clock.now() - last.atMs < FRESH_MS;
    const isFirst = !this.#isUsed;
    this.#isUsed = true;
    if (isFirst && isFresh) return last;
    try {
      return await this.sight.look(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isServingError(error) && error.reason === "VERSION_UNREADABLE") throw error;
      const lease = await this.#copy(signal);
      if (lease === undefined) throw error;
      const { uri } = this;
      const text = `${uri} cannot be listed; it is served from the model cache`;
      this.#context.logger.warn({ uri, err: error }, text);
      return { lease };
    }
  }

  /** Returns the last fetched copy. */
  async #copy(signal: AbortSignal): Promise<CacheLease | undefined> {
    const { cache } = this.#context;
    const key = await cache.known.keyOf(this.uri);
    if (key === undefined) return undefined;
    return cache.existing(key, signal).catch(() => undefined);
  }

  async #lease(
    { listing, manifest }: Sighting,
    signal: AbortSignal,
    onBytes: OnBytes,
  ): Promise<CacheLease> {
    const { cache, logger } = this.#context;
    const { uri } = this;
    const lease = await cache.lease({
      ...{ key: listing.fingerprint, uri, sizeBytes: listing.sizeBytes, signal },
      onWaiting: () => onBytes(0),
      fill: async (folder) => {
        const store = await this.sight.place.open();
        const { concurrency, stallMs } = this.#context;
        const { clock } = this.sight;
        const context = { store, clock, uri, signal, stallMs, onBytes, concurrency, manifest };
        const maxUnpackedBytes = cache.maxBytes;
        const version = await downloadVersion(listing, folder, { ...context, maxUnpackedBytes });
        if (version.unverified.length > 0) this.#reportUnverified(version.unverified);
        return version;
      },
    });
    const { fingerprint } = listing;
    await cache.known.rememberKey(uri, fingerprint).catch((error) => {
      logger.warn({ uri, err: error }, `the content of ${uri} cannot be recorded for outages`);
    });
    return lease;
  }

  #reportUnverified(names: readonly string[]): void {
    const { uri } = this;
    const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
    const text = `${uri}: checked only by length, because the store has no checksums for these objects: ${shown} (${names.length}). Add a SHA256SUMS to verify them`;
    this.#context.logger.warn({ uri, unverified: names.length }, text);
  }
}

/** Returns whether a download of the same objects can never succeed. */
function isFinal(error: unknown, { manifest }: Sighting): boolean {
  if (!isServingError(error)) return false;
  const isManifests = error.reason === "CHECKSUM_MISMATCH" && manifest !== undefined;
  return isManifests || error.reason === "ARCHIVE_INVALID";
}
