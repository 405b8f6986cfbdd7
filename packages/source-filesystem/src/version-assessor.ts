import {
  type Clock,
  checkCompleteness,
  isServingError,
  type ServableId,
  type ServingError,
  type StoragePath,
} from "@serving-kit/core";
import type { BoundedCheck } from "./bounded-check.js";
import { lookAgainInMs, type Moment, type Sighting, settlesInMs, sight } from "./completeness.js";
import type { ResolvedServable } from "./config.js";
import { errors } from "./errors.js";
import { type FileSystem, systemCode } from "./file-system.js";
import { readVersionFiles, type VersionFiles } from "./version-files.js";

/** The dependencies of an observer. */
export interface Surroundings {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly wallTimeMs: () => number;
  readonly settleMs: number;
  /** Timeout in ms of a check of a base path, or of a platform's rule. */
  readonly lookTimeoutMs: number;
}

/**
 * The state of one version: it can be loaded; its files are still being written; its files are incomplete and no
 * longer change; or it is broken.
 */
export type Assessment =
  | { readonly state: "complete"; readonly data: StoragePath; readonly fingerprint: string }
  | { readonly state: "incomplete" | "stalled" | "unreadable"; readonly error: ServingError };

/** Time in ms after which a version that is still incomplete, although its files have settled, has stalled. */
const STALL_MS = 10_000;

/** The assessment of a version from its files, independent of the time. */
type Verdict =
  | { readonly kind: "complete"; readonly data: StoragePath; readonly fingerprint: string }
  | { readonly kind: "unreadable"; readonly error: ServingError }
  | {
      readonly kind: "incomplete";
      readonly problem: string;
      readonly remedy?: string | undefined;
      /** True if the platform's check is still pending. */
      readonly isOpen?: boolean;
    };

interface Pending extends Sighting {
  readonly verdict: Verdict;
  readonly hasSettled: boolean;
  /** The time at which the platform's check runs again although no file has changed. */
  readonly askAgainAtMs: number;
  readonly lookAgainAtMs: number;
}

/**
 * Determines whether the files of versions that are not aspired yet are complete, for one servable.
 *
 * Remembers incomplete versions, so that the platform does not check unchanged files again. Forgets complete
 * versions, because an aspired version is not checked again.
 */
export class VersionAssessor {
  readonly #surroundings: Surroundings;
  readonly #check: BoundedCheck;
  readonly #pending: Map<string, Pending>;

  /** Takes over the assessments of `predecessor` for the same base path. */
  constructor(surroundings: Surroundings, check: BoundedCheck, predecessor?: VersionAssessor) {
    this.#surroundings = surroundings;
    this.#check = check;
    this.#pending = new Map(predecessor ? predecessor.#pending : []);
  }

  /** The time on the Clock of the next check of an incomplete version. */
  get dueAtMs(): number | undefined {
    let due: number | undefined;
    for (const { lookAgainAtMs } of this.#pending.values()) {
      due = due === undefined ? lookAgainAtMs : Math.min(due, lookAgainAtMs);
    }
    return due;
  }

  /** Forgets all paths except these. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.#pending.keys()) {
      if (!paths.has(path)) this.#pending.delete(path);
    }
  }

  /** Assesses the version at `path`. If `thorough`, the platform's check runs even if no file has changed. */
  async assess(
    servable: ResolvedServable,
    id: ServableId,
    path: string,
    thorough: boolean,
  ): Promise<Assessment> {
    const { clock, wallTimeMs, settleMs, fileSystem } = this.#surroundings;
    const previous = this.#pending.get(path);
    const files = await readVersionFiles(fileSystem, path).catch((cause: unknown) => ({ cause }));
    const moment = { nowMs: clock.now(), wallMs: wallTimeMs() };
    const sighting = sight(previous, fingerprintOf(files), moment);
    const changedAtMs = "changedAtMs" in files ? files.changedAtMs : undefined;
    const settlesIn = settlesInMs(sighting, changedAtMs, moment, settleMs);
    const hasSettled = settlesIn === 0;
    const isKnown = sighting === previous && hasSettled === previous.hasSettled;
    const mayReuse = isKnown && !thorough && moment.nowMs < previous.askAgainAtMs;
    const verdict = mayReuse
      ? previous.verdict
      : await this.#judge(servable, id, path, files, hasSettled);
    if (verdict.kind === "complete") {
      this.#pending.delete(path);
      return { state: "complete", data: verdict.data, fingerprint: verdict.fingerprint };
    }
    const stallsIn = settlesInMs(sighting, changedAtMs, moment, settleMs + STALL_MS);
    const againAtMs = moment.nowMs + lookAgainInMs(moment.nowMs - sighting.sinceMs, settleMs);
    const askAgainAtMs = mayReuse ? previous.askAgainAtMs : againAtMs;
    const lookAgainAtMs = nextLook(moment, [settlesIn, stallsIn], againAtMs);
    this.#pending.set(path, { ...sighting, verdict, hasSettled, askAgainAtMs, lookAgainAtMs });
    return assessmentOf(id, path, verdict, stallsIn === 0);
  }

  async #judge(
    servable: ResolvedServable,
    id: ServableId,
    path: string,
    files: VersionFiles | { readonly cause: unknown },
    hasSettled: boolean,
  ): Promise<Verdict> {
    if ("cause" in files) return judgeUnreadable(id, path, files.cause, hasSettled);
    const { readyMarker, isComplete, basePath } = servable;
    const isMarked = readyMarker !== undefined && files.names.includes(readyMarker);
    const incomplete = (problem: string): Verdict => ({ kind: "incomplete", problem });
    if (!files.isDirectory && path !== basePath) return incomplete("it is a file, not a directory");
    if (files.fileCount === 0) return incomplete("it has no files");
    if (files.unfinished) return incomplete(`${files.unfinished} is still being written`);
    if (readyMarker !== undefined && !isMarked) {
      return incomplete(`its ready marker ${readyMarker} is missing`);
    }
    if (!hasSettled && !isMarked) return incomplete("its files are still changing");
    let found: unknown;
    try {
      const answer = isComplete && (await this.#check.ask(isComplete, path));
      if (answer !== undefined) {
        checkCompleteness(answer);
        if (!answer.isComplete) return { kind: "incomplete", ...answer };
        found = answer.found;
      }
    } catch (cause) {
      if (isServingError(cause) && cause.reason === "CHECK_TIMED_OUT") {
        return { kind: "incomplete", problem: cause.message, isOpen: true };
      }
      // A version that ended the process can be read, but its own error is more useful.
      const isOwn = isServingError(cause) && cause.reason === "VERSION_CRASHED";
      const error = isOwn ? cause : errors.versionUnreadable(id, path, cause);
      return { kind: "unreadable", error };
    }
    const { sizeBytes, fingerprint } = files;
    const data = { path, sizeBytes, ...(found !== undefined && { found }) };
    return { kind: "complete", data, fingerprint };
  }
}

function fingerprintOf(files: VersionFiles | { readonly cause: unknown }): string {
  return "cause" in files ? `unreadable: ${String(files.cause)}` : files.fingerprint;
}

/**
 * Returns when an assessment may change without a file change: at the next of these times, at the latest at
 * `againAtMs`.
 */
function nextLook({ nowMs }: Moment, delaysMs: readonly number[], againAtMs: number): number {
  const next = Math.min(...delaysMs.filter((delayMs) => delayMs > 0));
  return Math.min(nowMs + next, againAtMs);
}

function judgeUnreadable(
  id: ServableId,
  path: string,
  cause: unknown,
  hasSettled: boolean,
): Verdict {
  // If a file has vanished, or the target of a link does not exist yet, a copy is in progress.
  const isMissing = systemCode(cause) === "ENOENT";
  if (isMissing || !hasSettled) {
    const problem = isMissing ? "a file or the target of a link is missing" : "it cannot be read";
    return { kind: "incomplete", problem };
  }
  const error = isServingError(cause) ? cause : errors.versionUnreadable(id, path, cause);
  return { kind: "unreadable", error };
}

function assessmentOf(
  id: ServableId,
  path: string,
  verdict: Exclude<Verdict, { kind: "complete" }>,
  hasStalled: boolean,
): Assessment {
  if (verdict.kind === "unreadable") return { state: "unreadable", error: verdict.error };
  const { problem, remedy, isOpen = false } = verdict;
  if (hasStalled && !isOpen) {
    return { state: "stalled", error: errors.versionStalled(id, path, problem, remedy) };
  }
  return { state: "incomplete", error: errors.versionIncomplete(id, path, problem, remedy) };
}
