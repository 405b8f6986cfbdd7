import {
  type AspiredVersions,
  type ModelSource,
  type SourceProblem,
  type SourceProblemEvent,
  type StoragePath,
  systemClock,
} from "@serving-kit/core";
import type { Subscriber } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import { Subject } from "rxjs/internal/Subject";
import {
  checkServables,
  type FilesystemSourceOptions,
  milliseconds,
  type ServableConfig,
} from "./config.js";
import { gatedFileSystem, nodeFileSystem } from "./file-system.js";
import { Observation, type ObservationSettings } from "./observation.js";

/**
 * The source that finds versions in directories: `<basePath>/<number>` is a version.
 *
 * Guarantees, in addition to those of every `Source` (O1 to O10):
 * - F1 The complete list of a name is emitted only when it has changed, newest version first. `data.path` is
 *   absolute; `data.sizeBytes` is the total size of the files below it.
 * - F2 A version is aspired when its files are complete and have settled (`settleMs`, `isComplete`, `readyMarker`);
 *   until then the policy chooses among the other versions. An aspired version stays aspired while its directory
 *   exists, even if its files change. `changed` of an aspired version resolves one poll after its files have changed,
 *   settled and become complete; a failed load is then repeated.
 * - F3 While no version is complete, and while the base path cannot be read, the versions of the last list stay
 *   aspired. If the base path can be read and has no version, the servable is withdrawn, unless
 *   `servableVersionsAlwaysPresent` is set. An empty list has an error (O10): BASE_PATH_UNREACHABLE,
 *   NO_VERSIONS_FOUND or VERSIONS_MISSING; it has none while a version is still being written.
 * - F4 A version that cannot be read, or that is still incomplete after its files have not changed for `settleMs` and
 *   10 s, is aspired as an error version if the policy would choose it. It does not replace a complete version: the
 *   newest complete versions are aspired in addition. When its files change, it leaves the list.
 * - F5 A base path that is slow, missing or hangs never delays other servables, except those on the same network file
 *   system. Checks and loads together make one call at a time on a network file system, so that it holds one thread
 *   if it hangs.
 * - F6 It never completes or fails.
 *
 * All subscribers share one observation, which starts with the first subscriber and ends with the last. A later
 * subscriber receives the current lists.
 */
export class FilesystemSource
  extends Observable<AspiredVersions<StoragePath>>
  implements ModelSource
{
  /**
   * Emits the problems of servables and versions, while the source has a subscriber. A hot observable. The reasons:
   *
   * - BASE_PATH_UNREACHABLE, BASE_PATH_HANGS: the last list stays in effect.
   * - NO_VERSIONS_FOUND: the base path can be read and is empty.
   * - VERSIONS_MISSING: the policy names versions that do not exist.
   * - VERSION_INCOMPLETE: files are missing or still changing; not aspired yet.
   * - VERSION_STALLED: files are missing and nothing has changed for `settleMs` and 10 s; aspired as an error
   *   version until files change.
   * - VERSION_UNREADABLE: the version is aspired as an error version.
   * - DUPLICATE_VERSION: several directories have the same version number.
   * - WATCH_FAILED: changes are found only by polling.
   */
  readonly events: Observable<SourceProblemEvent>;

  readonly #settings: ObservationSettings;
  readonly #told = new Subject<SourceProblemEvent>();
  readonly #subscribers = new Set<Subscriber<AspiredVersions<StoragePath>>>();
  #subscriptionCount = 0;
  #servables: ReadonlyMap<string, ServableConfig>;
  #observation: Observation | undefined;

  /** Internal: `filesystemSource` makes it. */
  constructor(options: FilesystemSourceOptions) {
    super((subscriber) => this.#attach(subscriber));
    this.#settings = {
      pollIntervalMs: milliseconds("pollIntervalMs", options.pollIntervalMs, 1000),
      pollsAlways: options.pollIntervalMs !== undefined,
      watch: options.watch ?? true,
      settleMs: milliseconds("settleMs", options.settleMs, 1000),
      lookTimeoutMs: milliseconds("lookTimeoutMs", options.lookTimeoutMs, 5000, 1),
      clock: options.clock ?? systemClock,
      wallTimeMs: options.wallTimeMs ?? (() => Date.now()),
      fileSystem: gatedFileSystem(options.fileSystem ?? nodeFileSystem),
    };
    this.#servables = checkServables(options.servables);
    this.events = this.#told.asObservable();
  }

  /**
   * Replaces all servables while running. Removed names are withdrawn by an empty list. Names that are new, or whose
   * configuration may have changed, are checked immediately and keep their last list until then. A later `poll` waits
   * for these checks. The first 256 servables, removed and new, are taken up before this returns, the others in
   * slices of the event loop. Resolves when all are taken up; never rejects.
   *
   * @throws TypeError as `filesystemSource`, and then changes nothing.
   */
  reconfigure(servables: readonly ServableConfig[]): Promise<void> {
    this.#servables = checkServables(servables);
    return this.#observation?.reconfigure(this.#servables) ?? Promise.resolve();
  }

  /**
   * Checks every servable now. Resolves when each was checked and all changes were emitted; does not wait for a base
   * path that does not respond within `lookTimeoutMs`. Never rejects; does nothing while there is no subscriber.
   */
  async poll(): Promise<void> {
    await this.#observation?.poll();
  }

  /** Returns the current problems of one servable, or of all in their order; empty while there is no subscriber. */
  problems(name?: string): SourceProblem[] {
    return this.#observation?.problems(name) ?? [];
  }

  #attach(subscriber: Subscriber<AspiredVersions<StoragePath>>): () => void {
    if (this.#subscriptionCount++ === 0) this.#observe();
    // A new subscriber receives the current lists and joins the others in the same later microtask, so that nothing
    // is emitted within subscribe, twice or out of order.
    queueMicrotask(() => {
      if (subscriber.closed) return;
      this.#subscribers.add(subscriber);
      for (const versions of this.#observation?.emitted() ?? []) subscriber.next(versions);
    });
    return () => {
      this.#subscribers.delete(subscriber);
      if (--this.#subscriptionCount > 0) return;
      this.#observation?.close();
      this.#observation = undefined;
    };
  }

  #observe(): void {
    this.#observation = new Observation(this.#settings, this.#servables, {
      emit: (versions) => {
        for (const subscriber of this.#subscribers) subscriber.next(versions);
      },
      tell: (event) => this.#told.next(event),
    });
  }
}

/**
 * Makes the source that finds the versions of servables in directories.
 *
 * @example
 * ```ts
 * const source = filesystemSource({ servables: [{ name: "digits", basePath: "./models/digits" }] });
 * manager.connect(source.pipe(tflite()));
 * ```
 *
 * @throws TypeError or RangeError with the option, the expected value and the received value.
 */
export function filesystemSource(options: FilesystemSourceOptions): FilesystemSource {
  return new FilesystemSource(options);
}
