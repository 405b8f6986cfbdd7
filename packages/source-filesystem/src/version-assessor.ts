import {
  type Clock,
  isServingError,
  type ServableId,
  type ServingError,
  type StoragePath,
} from "@serving-kit/core";
import type { BoundedCheck } from "./bounded-check.js";
import { lookAgainInMs, type Sighting, settlesInMs, sight } from "./completeness.js";
import type { ResolvedServable } from "./config.js";
import { errors } from "./errors.js";
import { type FileSystem, systemCode } from "./file-system.js";
import { readVersionFiles, type VersionFiles } from "./version-files.js";

/** What observing a servable needs from outside. */
export interface Surroundings {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly wallTimeMs: () => number;
  readonly settleMs: number;
  /** How long a base path, or a platform's rule about one, may take to answer. */
  readonly lookTimeoutMs: number;
}

/** What was found out about one version: it can be loaded, it is not all there, or it is broken. */
export type Assessment =
  | { readonly state: "complete"; readonly data: StoragePath }
  | { readonly state: "incomplete"; readonly error: ServingError }
  | { readonly state: "unreadable"; readonly error: ServingError };

interface Pending extends Sighting {
  readonly assessment: Assessment;
  readonly lookAgainAtMs: number;
}

/**
 * Tells of the versions of one servable that are not aspired yet whether their files are all there.
 *
 * Remembers what is not complete, so that a look costs only what is due. A complete version is
 * forgotten: once it is aspired nobody asks again.
 */
export class VersionAssessor {
  readonly #surroundings: Surroundings;
  readonly #check: BoundedCheck;
  readonly #pending: Map<string, Pending>;

  /** Begins with what `predecessor` knows of the same base path. */
  constructor(surroundings: Surroundings, check: BoundedCheck, predecessor?: VersionAssessor) {
    this.#surroundings = surroundings;
    this.#check = check;
    this.#pending = new Map(predecessor ? predecessor.#pending : []);
  }

  /** When the first of the versions that are not complete is to be looked at again, on the Clock. */
  get dueAtMs(): number | undefined {
    let due: number | undefined;
    for (const { lookAgainAtMs } of this.#pending.values()) {
      due = due === undefined ? lookAgainAtMs : Math.min(due, lookAgainAtMs);
    }
    return due;
  }

  /** Forgets all paths but these. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.#pending.keys()) {
      if (!paths.has(path)) this.#pending.delete(path);
    }
  }

  /** Assesses the version at `path`; `thorough` looks at its files even if that is not due yet. */
  async assess(
    servable: ResolvedServable,
    id: ServableId,
    path: string,
    thorough: boolean,
  ): Promise<Assessment> {
    const { clock, wallTimeMs, settleMs, fileSystem } = this.#surroundings;
    const previous = this.#pending.get(path);
    if (previous && !thorough && clock.now() < previous.lookAgainAtMs) return previous.assessment;

    const files = await readVersionFiles(fileSystem, path).catch((cause: unknown) => ({ cause }));
    const moment = { nowMs: clock.now(), wallMs: wallTimeMs() };
    const isReadable = "fingerprint" in files;
    const sighting = sight(
      previous,
      isReadable ? files.fingerprint : `unreadable: ${String(files.cause)}`,
      moment,
    );
    const changedAtMs = isReadable ? files.changedAtMs : undefined;
    const settlesIn = settlesInMs(sighting, changedAtMs, moment, settleMs);
    const assessment = isReadable
      ? await this.#judge(servable, id, path, files, settlesIn === 0)
      : judgeUnreadable(id, path, files.cause, settlesIn === 0);

    if (assessment.state === "complete") this.#pending.delete(path);
    else {
      const againIn = lookAgainInMs(moment.nowMs - sighting.sinceMs, settleMs);
      const lookAgainAtMs = moment.nowMs + (settlesIn > 0 ? Math.min(settlesIn, againIn) : againIn);
      this.#pending.set(path, { ...sighting, assessment, lookAgainAtMs });
    }
    return assessment;
  }

  async #judge(
    servable: ResolvedServable,
    id: ServableId,
    path: string,
    files: VersionFiles,
    hasSettled: boolean,
  ): Promise<Assessment> {
    const { readyMarker, isComplete, basePath } = servable;
    const isMarked = readyMarker !== undefined && files.names.includes(readyMarker);
    const incomplete = (problem: string) => incompleteBy(id, path, problem, hasSettled);
    if (!files.isDirectory && path !== basePath) return incomplete("it is a file, not a directory");
    if (files.fileCount === 0) return incomplete("it has no files");
    if (files.unfinished) return incomplete(`${files.unfinished} is still being written`);
    if (readyMarker !== undefined && !isMarked) {
      return incomplete(`its ready marker ${readyMarker} is missing`);
    }
    if (!hasSettled && !isMarked) return incomplete("its files are still changing");
    try {
      if (isComplete && !(await this.#check.ask(isComplete, path))) {
        return incomplete("files that its platform needs are missing or cut off");
      }
    } catch (cause) {
      if (isServingError(cause) && cause.reason === "CHECK_TIMED_OUT") {
        return incompleteBy(id, path, cause.message, false);
      }
      return { state: "unreadable", error: errors.versionUnreadable(id, path, cause) };
    }
    return { state: "complete", data: { path, sizeBytes: files.sizeBytes } };
  }
}

function judgeUnreadable(
  id: ServableId,
  path: string,
  cause: unknown,
  hasSettled: boolean,
): Assessment {
  // A file that vanished, or a link to one that is still to come, is a copy under way.
  const isMissing = systemCode(cause) === "ENOENT";
  if (isMissing || !hasSettled) {
    const problem = isMissing ? "a file or the target of a link is missing" : "it cannot be read";
    return incompleteBy(id, path, problem, hasSettled);
  }
  const error = isServingError(cause) ? cause : errors.versionUnreadable(id, path, cause);
  return { state: "unreadable", error };
}

/** Not complete: on its way, or left as it is by whoever wrote it. */
function incompleteBy(
  id: ServableId,
  path: string,
  problem: string,
  hasSettled: boolean,
): Assessment {
  const error = hasSettled
    ? errors.versionStalled(id, path, problem)
    : errors.versionIncomplete(id, path, problem);
  return { state: "incomplete", error };
}
