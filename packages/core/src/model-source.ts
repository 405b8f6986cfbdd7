import type { Observable } from "rxjs";
import type { Clock } from "./clock.js";
import type { Completeness } from "./completeness.js";
import type { ServingError } from "./errors.js";
import type { Logger } from "./logger.js";
import type { RemotePath } from "./remote-path.js";
import type { Version } from "./servable-id.js";
import type { VersionLabels } from "./servable-request.js";
import type { ServableVersionPolicy } from "./servable-version-policy.js";
import type { Source } from "./source.js";
import type { StoragePath } from "./storage-path.js";

/** One servable whose versions a source finds in storage. */
export interface SourceServable {
  /** The servable's name; unique within the source. */
  readonly name: string;
  /** The path or URI that contains the versions, as `resolve` of the provider returned it. */
  readonly basePath: string;
  /** Decides which of the found versions are aspired. Default `latestVersions(1)`. */
  readonly versionPolicy?: ServableVersionPolicy | undefined;
  /**
   * True if versions stay aspired if the base path becomes empty, for instance because a volume was unmounted or a
   * bucket emptied by accident. Default false: an empty base path withdraws the servable.
   */
  readonly servableVersionsAlwaysPresent?: boolean | undefined;
  /**
   * Returns whether the files at a local path are complete, by the platform's rule. A source of local files calls it
   * before it emits a version; `fetchedLoader` calls it for fetched files. Default: they always are.
   */
  readonly isComplete?: ((path: string) => Promise<Completeness>) | undefined;
  /**
   * Returns the error for which the version at a URI must not be loaded, such as a crash in an earlier load, or
   * undefined. `stamp` changes with the version's files: see `RemotePath.stamp`. A source of remote storage calls it
   * before it emits a version, and emits the version with this error; the version policy ignores the version.
   * Default: no version is rejected.
   */
  readonly refusal?:
    | ((uri: string, stamp: string) => Promise<ServingError | undefined>)
    | undefined;
  /**
   * Returns whether a local path is itself a model, without version directories, by the platform's rule. Default:
   * never.
   */
  readonly accepts?: ((path: string) => Promise<boolean>) | undefined;
}

/** A problem of a servable or of one of its versions, as the source reports it. `error.reason` identifies it. */
export interface SourceProblem {
  /** The servable's name. */
  readonly name: string;
  /** The version, if the problem concerns one. */
  readonly version?: Version;
  readonly error: ServingError;
  /** The time at which the problem started, in ms on the source's Clock. */
  readonly sinceMs: number;
}

/** A problem started, changed its message, or ended. */
export interface SourceProblemEvent {
  readonly kind: "problem" | "resolved";
  readonly problem: SourceProblem;
  /** In ms on the source's Clock. */
  readonly atMs: number;
}

/** The labels of a servable changed. */
export interface SourceLabelsEvent {
  readonly kind: "labels";
  /** The servable's name. */
  readonly name: string;
  /** In ms on the source's Clock. */
  readonly atMs: number;
}

/** A storage operation of a source, which costs time or money. */
export type SourceActivity =
  /** A page of a listing was requested. */
  | { readonly what: "listed" }
  /** The files of a version were fetched, or found in the cache of this machine. */
  | {
      readonly what: "fetched";
      readonly from: "storage" | "cache";
      /** Bytes received from the storage. */
      readonly bytes: number;
      readonly durationMs: number;
    }
  /** A listing or a fetch failed. */
  | {
      readonly what: "failed";
      readonly during: "listing" | "fetch";
      /** The reason of the error. */
      readonly reason: string;
      /** Bytes received from the storage. */
      readonly bytes: number;
    };

/** A storage operation of a source has ended, or a page was requested. Metrics count these events. */
export interface SourceActivityEvent {
  readonly kind: "activity";
  /** The servable's name. */
  readonly name: string;
  readonly activity: SourceActivity;
  /** In ms on the source's Clock. */
  readonly atMs: number;
}

/** An event of a source. */
export type SourceEvent = SourceProblemEvent | SourceLabelsEvent | SourceActivityEvent;

/**
 * A source made by a provider: finds the versions of servables in one kind of storage.
 *
 * Guarantees, in addition to those of `Source` (O1 to O10):
 * - N1 A version's data is a StoragePath whose files exist, or a RemotePath (see its guarantees R1 to R8). The source
 *   emits the versions that the version policy chooses among those found.
 * - N2 `reconfigure` replaces all servables while running. Removed names are withdrawn by an empty list before
 *   `reconfigure` returns, or before its promise resolves. Names that remain keep their lists until the storage was read for the new configuration.
 * - N3 `poll` reads the storage immediately. It resolves when each servable was read or has timed out, and the
 *   changes were emitted. It never rejects, and resolves immediately if there is no subscriber.
 * - N4 If the storage cannot be read, nothing is withdrawn: the last list stays in effect. `problems` has an error of
 *   the servable until the storage can be read again.
 * - N5 If the storage of a servable fails or does not respond, other servables are not delayed.
 * - N6 The source never completes or fails.
 * - N7 `events` emits each problem when it starts and when it ends. While the source has no subscriber, `problems` is
 *   empty and `events` emits nothing.
 * - N8 `labels`, if present, returns the labels that the storage has for a servable. When they change, `events` emits
 *   `labels`, after the versions that they point to were emitted.
 * - N11 A source whose storage costs time or money emits an `activity` in `events` for each page of a listing that it
 *   requests, for each failed listing, and for each completed or failed fetch, unless the fetch was aborted.
 *
 * A version whose files are still being written is reported as a problem with the reason VERSION_INCOMPLETE.
 */
export interface ModelSource extends Source<StoragePath | RemotePath> {
  /** Emits problems, labels and activity as they occur. A hot observable. */
  readonly events: Observable<SourceEvent>;
  /**
   * Replaces all servables. Returns a promise if it takes up thousands in slices of the event loop; the promise never
   * rejects.
   *
   * @throws TypeError if one of them is invalid, and then changes nothing.
   */
  reconfigure(servables: readonly SourceServable[]): void | Promise<void>;
  /** Reads the storage of all servables now. */
  poll(): Promise<void>;
  /** The current problems of one servable, or of all. */
  problems(name?: string): readonly SourceProblem[];
  /**
   * Returns the labels that the storage itself has for a servable, such as aliases of a registry. Absent if the
   * storage has no labels.
   */
  labels?(name: string): VersionLabels;
}

/** The arguments from which a provider makes a source. */
export interface SourceContext {
  /** The servables whose versions to find; `reconfigure` replaces them. */
  readonly servables: readonly SourceServable[];
  readonly clock: Clock;
  /** Logger for messages to the operator in addition to `events`. */
  readonly logger: Logger;
  /**
   * Interval between polls of a servable in ms; 0 polls once. Absent unless the user set it; the provider has a
   * default.
   */
  readonly pollIntervalMs?: number;
  /** If true, watches for changes in addition to polling. Absent unless the user set it. */
  readonly watch?: boolean;
  /** Time in ms for which the files of a version must be unchanged. Absent unless the user set it. */
  readonly settleMs?: number;
}

/**
 * A kind of storage for models, identified by the schemes of its URIs.
 *
 * - N9 `resolve` returns the URI to show, without credentials; for its own result it returns the same URI. For a URI
 *   that it cannot serve it throws an Error with the expected form. It does not access the network or files.
 * - N10 `create` makes a new source each time, and does not access the network or files.
 */
export interface SourceProvider {
  /**
   * The schemes of base paths in lower case, such as `s3` for `s3://bucket/models/digits`. The provider of `file`
   * also handles base paths that are not URIs.
   */
  readonly schemes: readonly string[];
  /** Checks a base path of the configuration and makes it absolute. Default: returns it unchanged. */
  resolve?(basePath: string): string;
  create(context: SourceContext): ModelSource;
}
