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
  type FilesystemSourceOptions,
  milliseconds,
  type ResolvedServable,
  resolveServables,
  type ServableConfig,
} from "./config.js";
import { nodeFileSystem } from "./file-system.js";
import { gatedFileSystem } from "./gated-file-system.js";
import { Observation, type ObservationSettings } from "./observation.js";

/**
 * The source that finds versions in directories: `<basePath>/<number>` is a version.
 *
 * Beside what every Source guarantees (O1 to O10 of `Source`):
 * - F1 For a name the complete list is emitted when it changed, newest version first, and not
 *   otherwise. `data.path` is absolute, `data.sizeBytes` the size of all files below it.
 * - F2 A version is aspired when its files are all there and have settled (`settleMs`, `isComplete`,
 *   `readyMarker`); until then the policy chooses among the others. Once aspired it stays so while
 *   its directory is there, even if its files change. `changed` of an aspired version resolves one poll
 *   after its files have changed, settled and are complete; it is how a failed load is repeated.
 * - F3 While no version is complete, and while the base path cannot be read, the versions of the last list
 *   stay aspired. A base path that can be read and holds no version withdraws the servable, unless
 *   `servableVersionsAlwaysPresent`. An empty list in force has the error (O10): BASE_PATH_UNREACHABLE,
 *   NO_VERSIONS_FOUND or VERSIONS_MISSING, or none while a version is on its way.
 * - F4 A version that cannot be read, or that is not complete although nothing has changed for `settleMs` and
 *   10 s, is aspired as an error version where the policy would choose a complete one, and replaces none: the
 *   newest complete versions are aspired in addition. It leaves the list when its files change.
 * - F5 A base path that is slow, missing or hangs never delays another servable's, except on the same network file
 *   system: that is asked one thing at a time, by looks and loads together, so that it holds one thread if it hangs.
 * - F6 It never completes or fails.
 *
 * All subscribers share one observation: it begins with the first and ends with the last, and a
 * later one is given the lists in force.
 */
export class FilesystemSource
  extends Observable<AspiredVersions<StoragePath>>
  implements ModelSource
{
  /**
   * Emits what keeps versions from being found, while the source is subscribed to. Hot. The reasons:
   *
   * - BASE_PATH_UNREACHABLE, BASE_PATH_HANGS: the last list stays in force.
   * - NO_VERSIONS_FOUND: the base path can be read and is empty.
   * - VERSIONS_MISSING: the policy names versions that are not there.
   * - VERSION_INCOMPLETE: files are missing or still changing; not aspired yet.
   * - VERSION_STALLED: files are missing and nothing has changed for `settleMs` and 10 s; aspired as an error
   *   version until files change.
   * - VERSION_UNREADABLE: the version is aspired as an error version.
   * - DUPLICATE_VERSION: several directories for one number.
   * - WATCH_FAILED: changes are found by polling only.
   */
  readonly events: Observable<SourceProblemEvent>;

  readonly #settings: ObservationSettings;
  readonly #told = new Subject<SourceProblemEvent>();
  readonly #subscribers = new Set<Subscriber<AspiredVersions<StoragePath>>>();
  #subscriptionCount = 0;
  #servables: ReadonlyMap<string, ResolvedServable>;
  #observation: Observation | undefined;

  /** Made by `filesystemSource`. */
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
    this.#servables = resolveServables(options.servables);
    this.events = this.#told.asObservable();
  }

  /**
   * Replaces all servables while running. Names that are gone are withdrawn by an empty list before
   * this returns; names that are new, or whose configuration may have changed, are looked at at once
   * and keep their last list until then. `poll` afterwards waits for those looks.
   *
   * @throws TypeError as `filesystemSource` does, and then changes nothing.
   */
  reconfigure(servables: readonly ServableConfig[]): void {
    this.#servables = resolveServables(servables);
    this.#observation?.reconfigure(this.#servables);
  }

  /**
   * Checks every servable now. Resolves when each has been checked and what changed was emitted;
   * a base path that does not answer within `lookTimeoutMs` is not waited for. Never rejects; does
   * nothing while there is no subscriber.
   */
  async poll(): Promise<void> {
    await this.#observation?.poll();
  }

  /**
   * The problems there are now, of one servable, or of all in their order; empty while there is no subscriber.
   */
  problems(name?: string): SourceProblem[] {
    return this.#observation?.problems(name) ?? [];
  }

  #attach(subscriber: Subscriber<AspiredVersions<StoragePath>>): () => void {
    if (this.#subscriptionCount++ === 0) this.#observe();
    // The lists in force are replayed in a later microtask, together with joining the others, so that
    // nothing is emitted within subscribe, twice or out of order.
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
 * @throws TypeError or RangeError naming the option, what was expected and what was given.
 */
export function filesystemSource(options: FilesystemSourceOptions): FilesystemSource {
  return new FilesystemSource(options);
}
