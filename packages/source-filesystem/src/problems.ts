import type { Clock, ServingError, Version } from "@serving-kit/core";

/**
 * Something that keeps a servable or one of its versions from being found, or should be known about
 * it. `error.reason` says what:
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
export interface FilesystemProblem {
  /** The servable's name. */
  readonly name: string;
  /** The version, where the problem is one version's. */
  readonly version?: Version;
  readonly error: ServingError;
  /** Since when, on the source's Clock. */
  readonly sinceMs: number;
}

/** A problem came up, changed its text, or is over. */
export interface FilesystemSourceEvent {
  readonly kind: "problem" | "resolved";
  readonly problem: FilesystemProblem;
  /** When, on the source's Clock. */
  readonly atMs: number;
}

/** A problem as a look finds it. */
export interface FoundProblem {
  readonly version?: Version;
  readonly error: ServingError;
}

/**
 * The problems of one servable; tells what came up and what is over.
 *
 * What a look finds is replaced as a whole by the next look; what others report stands until they
 * take it back.
 */
export class Problems {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #listener: { tell(event: FilesystemSourceEvent): void };
  readonly #reported = new Map<string, FoundProblem>();
  #found: readonly FoundProblem[] = [];
  #current: ReadonlyMap<string, FilesystemProblem> = new Map();

  constructor(name: string, clock: Clock, listener: { tell(event: FilesystemSourceEvent): void }) {
    this.#name = name;
    this.#clock = clock;
    this.#listener = listener;
  }

  list(): FilesystemProblem[] {
    return [...this.#current.values()];
  }

  /** Replaces what the last look found. */
  replace(found: readonly FoundProblem[]): void {
    if (found.length === 0 && this.#found.length === 0) return;
    this.#found = found;
    this.#update();
  }

  /** Reports a problem that no look finds. */
  report(error: ServingError): void {
    this.#reported.set(error.reason, { error });
    this.#update();
  }

  /** Takes a reported problem back. */
  retract(reason: string): void {
    if (this.#reported.delete(reason)) this.#update();
  }

  /** Ends all problems, since the servable is no longer observed. */
  clear(): void {
    this.#reported.clear();
    this.#found = [];
    this.#update();
  }

  /** Tells the difference to what was told before; what stays the same is not told again. */
  #update(): void {
    const atMs = this.#clock.now();
    const before = this.#current;
    const current = new Map<string, FilesystemProblem>();
    const cameUp: FilesystemProblem[] = [];
    for (const { version, error } of [...this.#found, ...this.#reported.values()]) {
      const key = `${error.reason} ${version ?? ""}`;
      const known = before.get(key);
      if (known?.error.message === error.message) {
        current.set(key, known);
        continue;
      }
      const problem: FilesystemProblem = {
        name: this.#name,
        ...(version !== undefined && { version }),
        error,
        sinceMs: known?.sinceMs ?? atMs,
      };
      current.set(key, problem);
      cameUp.push(problem);
    }
    this.#current = current;
    for (const [key, problem] of before) {
      if (!current.has(key)) this.#listener.tell({ kind: "resolved", problem, atMs });
    }
    for (const problem of cameUp) this.#listener.tell({ kind: "problem", problem, atMs });
  }
}
