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
  /** The path or URI below which the versions are, as `resolve` of the provider returned it. */
  readonly basePath: string;
  /** Which of the versions found are aspired. Default `latestVersions(1)`. */
  readonly versionPolicy?: ServableVersionPolicy | undefined;
  /**
   * Whether versions stay aspired if the base path can be read and has none any more, as when a volume was unmounted
   * or a bucket emptied by accident. Default false: an empty base path withdraws the servable.
   */
  readonly servableVersionsAlwaysPresent?: boolean | undefined;
  /**
   * The platform's rule whether the files at a local path are all there. A source of local files asks it before it
   * emits a version; `fetchedLoader` asks it of files that were fetched. Default: any files will do.
   */
  readonly isComplete?: ((path: string) => Promise<Completeness>) | undefined;
  /**
   * Why the version at a URI must not be loaded, such as that it has ended the process, or undefined. `stamp` changes
   * with the version's files: see `RemotePath.stamp`. A source of remote storage asks it before it emits a version, and
   * emits the version with this error; older versions are chosen as if it were not there. Default: no version is refused.
   */
  readonly refusal?:
    | ((uri: string, stamp: string) => Promise<ServingError | undefined>)
    | undefined;
  /** The platform's rule whether a local path is a model itself, without a directory for each version. Default: never. */
  readonly accepts?: ((path: string) => Promise<boolean>) | undefined;
}

/** A problem of a servable or of one of its versions, known to the source. `error.reason` says which. */
export interface SourceProblem {
  /** The servable's name. */
  readonly name: string;
  /** The version, if the problem is of one. */
  readonly version?: Version;
  readonly error: ServingError;
  /** The time since when, in ms on the source's Clock. */
  readonly sinceMs: number;
}

/** A problem came up, changed its text, or is over. */
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

/** Work of a source with its storage, which costs time or money. */
export type SourceActivity =
  /** A page of a listing was requested. */
  | { readonly what: "listed" }
  /** The files of a version were fetched, or were on this machine already. */
  | {
      readonly what: "fetched";
      readonly from: "storage" | "cache";
      /** The bytes that came from the storage. */
      readonly bytes: number;
      readonly durationMs: number;
    }
  /** A listing or a fetch failed. */
  | {
      readonly what: "failed";
      readonly during: "listing" | "fetch";
      /** The reason of the error. */
      readonly reason: string;
      /** The bytes that came from the storage. */
      readonly bytes: number;
    };

/** A source worked with its storage: what metrics count. */
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
 * The source of a provider: finds the versions of servables in one kind of storage.
 *
 * Guarantees, in addition to those of `Source` (O1 to O10):
 * - N1 A version's data is a StoragePath whose files are there, or a RemotePath (R1 to R8). It is what the version
 *   policy chooses among the versions found.
 * - N2 `reconfigure` replaces all servables while running. A name that is gone is withdrawn by an empty list before
 *   `reconfigure` returns; a name that is new is looked for; a name that stays keeps its list until the storage was
 *   read.
 * - N3 `poll` reads the storage immediately. It resolves when each servable was read, or is known not to answer, and
 *   the changes were emitted. It never rejects, and resolves immediately if nothing is subscribed.
 * - N4 Storage that cannot be read withdraws nothing: the last list stays in force. `problems` has an error of the
 *   servable until the storage can be read again.
 * - N5 A servable whose storage fails or does not answer delays no other servable.
 * - N6 The source never completes or fails.
 * - N7 `events` emits each problem when it comes up and when it is over. While nothing is subscribed to the source,
 *   `problems` is empty and `events` is silent.
 * - N8 `labels`, if the source has it, returns the labels that the storage has for a servable. `events` emits
 *   `labels` when they have changed, not before the versions that they point at were emitted.
 * - N11 A source whose storage costs time or money emits an `activity` in `events` for each page of a listing that it
 *   requests, for each listing that failed, and for each fetch that has ended, unless that was aborted.
 *
 * A version whose files are on their way is a problem with the reason VERSION_INCOMPLETE.
 */
export interface ModelSource extends Source<StoragePath | RemotePath> {
  /** Hot. */
  readonly events: Observable<SourceEvent>;
  /** Replaces all servables. @throws TypeError if one of them is invalid, and then changes nothing. */
  reconfigure(servables: readonly SourceServable[]): void;
  /** Reads the storage of all servables now. */
  poll(): Promise<void>;
  /** The current problems of one servable, or of all. */
  problems(name?: string): readonly SourceProblem[];
  /** The labels that the storage itself has for a servable, such as aliases of a registry. Absent if it has none. */
  labels?(name: string): VersionLabels;
}

/** The context that a provider makes a source of. */
export interface SourceContext {
  /** The servables to find versions of; `reconfigure` replaces them. */
  readonly servables: readonly SourceServable[];
  readonly clock: Clock;
  /** Receives what an operator should know besides `events`. */
  readonly logger: Logger;
  /** Ms from one poll of a servable to the next; 0 polls once. Absent unless the user set it: the provider chooses. */
  readonly pollIntervalMs?: number;
  /** Whether to watch for changes besides polling. Absent unless the user set it. */
  readonly watch?: boolean;
  /** Ms for which the files of a version must have been unchanged. Absent unless the user set it. */
  readonly settleMs?: number;
}

/**
 * A kind of storage that models come from, by the schemes of its URIs.
 *
 * - N9 `resolve` returns the URI that is shown, the same for one that it returned, without credentials. It throws an
 *   Error that says what was expected for one that it cannot serve. It touches no network and no file.
 * - N10 `create` makes a source of its own each time, and touches no network and no file.
 */
export interface SourceProvider {
  /**
   * The schemes of base paths in lower case, such as `s3` for `s3://bucket/models/digits`. The provider of `file` has
   * the base paths that are not URIs as well.
   */
  readonly schemes: readonly string[];
  /** Checks a base path of the configuration and makes it absolute. Default: it is taken as it stands. */
  resolve?(basePath: string): string;
  create(context: SourceContext): ModelSource;
}
