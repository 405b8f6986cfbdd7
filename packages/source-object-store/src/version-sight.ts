import type { Clock } from "@serving-kit/core";
import { errors } from "./errors.js";
import { LinkedAbort } from "./linked-abort.js";
import { MANIFEST, type Manifest, readManifest } from "./manifest.js";
import type { ObjectStore } from "./object-store.js";
import { ProgressWatch } from "./progress-watch.js";
import {
  type CompletenessRules,
  type ObjectsState,
  stateOfObjects,
} from "./version-completeness.js";
import { listVersion, type VersionListing } from "./version-listing.js";

/** The location of the objects of a version. */
export interface VersionPlace {
  /** The prefix of their keys, with its slash. */
  readonly prefix: string;
  /** The URI to show. */
  readonly uri: string;
  /** Opens the store, or returns the open one. */
  open(): Promise<ObjectStore>;
}

/** The objects of a version in a listing, and whether they are complete. */
export interface Sighting {
  readonly listing: VersionListing;
  readonly manifest: Manifest | undefined;
  readonly state: ObjectsState;
  /** The time of the listing, on the clock. */
  readonly atMs: number;
}

/** Time in ms without a byte after which the read of a manifest is aborted. */
const MANIFEST_STALL_MS = 15_000;

interface Waiter {
  resolve(): void;
}

/** The objects of a version in the last listing by the source or a fetch. */
export class VersionSight {
  readonly place: VersionPlace;
  readonly rules: CompletenessRules;
  readonly clock: Clock;
  last: Sighting | undefined;
  readonly #waiters = new Set<Waiter>();
  /** The time on the clock since when listings are equal. */
  sinceMs = 0;
  /** True if the modification times of the objects are used: see `SeenObjects.isFirstSight`. */
  #isFirstSight: boolean;
  /** The content to which `changed` compares. */
  #known: string | undefined;

  constructor(place: VersionPlace, rules: CompletenessRules, clock: Clock, isFirstSight: boolean) {
    this.place = place;
    this.rules = rules;
    this.clock = clock;
    this.#isFirstSight = isFirstSight;
  }

  /** True if a manager waits for the version to change. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Lists the objects, or uses a listing that was just made, and decides whether they are complete.
   *
   * @throws ServingError as `listVersion` and `readManifest`; the signal's reason.
   */
  async look(signal: AbortSignal, listed?: VersionListing): Promise<Sighting> {
    const { prefix, uri } = this.place;
    const store = await this.place.open();
    const listing = listed ?? (await listVersion(store, prefix, uri, signal));
    const atMs = this.clock.now();
    const before = this.last;
    if (before?.listing.fingerprint !== listing.fingerprint) {
      if (before !== undefined) this.#isFirstSight = false;
      this.sinceMs = atMs;
    }
    const manifest = await this.#manifestOf(store, listing, signal);
    const unchangedMs = atMs - this.sinceMs;
    const isFirstSight = this.#isFirstSight;
    const state = stateOfObjects({ listing, manifest, unchangedMs, isFirstSight }, this.rules);
    const sighting = { listing, manifest, state, atMs };
    this.last = sighting;
    if (state.isComplete && listing.files.length > 0) this.#seeContent(listing.fingerprint);
    return sighting;
  }

  /** Contract: `AspiredData.changed`. */
  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener("abort", abort);
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      const waiter = {
        resolve() {
          end();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", abort);
    });
  }

  #seeContent(fingerprint: string): void {
    const isNew = this.#known !== undefined && this.#known !== fingerprint;
    this.#known = fingerprint;
    if (isNew) for (const waiter of [...this.#waiters]) waiter.resolve();
  }

  async #manifestOf(
    store: ObjectStore,
    { files }: VersionListing,
    signal: AbortSignal,
  ): Promise<Manifest | undefined> {
    const file = files.find(({ name }) => name === MANIFEST);
    if (file === undefined) return undefined;
    const before = this.last;
    const isSame = before?.listing.files.find(({ name }) => name === MANIFEST)?.tag === file.tag;
    if (isSame && before?.manifest !== undefined) return before.manifest;
    const { uri } = this.place;
    using stop = new LinkedAbort(signal);
    const stalled = errors.downloadStalled(`${uri}: ${MANIFEST}`, MANIFEST_STALL_MS);
    using _watch = new ProgressWatch(this.clock, MANIFEST_STALL_MS, () => stop.abort(stalled));
    return await readManifest(store, file, uri, stop.signal);
  }
}
