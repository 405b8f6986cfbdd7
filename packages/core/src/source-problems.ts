import type { Clock } from "./clock.js";
import type { ServingError } from "./errors.js";
import type { SourceProblem, SourceProblemEvent } from "./model-source.js";
import type { Version } from "./servable-id.js";

/** A problem that a check of the storage found. */
export interface FoundProblem {
  readonly version?: Version;
  readonly error: ServingError;
}

/** Receives the events of `SourceProblems`. */
export interface SourceProblemListener {
  tell(event: SourceProblemEvent): void;
}

/**
 * The problems of one servable of a source. Emits an event when a problem starts, changes its message or ends.
 *
 * `replace` replaces the problems that the last check of the storage found. A problem from `report` stays until
 * `retract`.
 */
export class SourceProblems {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #listener: SourceProblemListener;
  readonly #reported = new Map<string, FoundProblem>();
  #found: readonly FoundProblem[] = [];
  #current: ReadonlyMap<string, SourceProblem> = new Map();

  constructor(name: string, clock: Clock, listener: SourceProblemListener) {
    this.#name = name;
    this.#clock = clock;
    this.#listener = listener;
  }

  list(): SourceProblem[] {
    return [...this.#current.values()];
  }

  /** Replaces the problems that the last check found. */
  replace(found: readonly FoundProblem[]): void {
    if (found.length === 0 && this.#found.length === 0) return;
    this.#found = found;
    this.#update();
  }

  /** Reports a problem that no check finds. */
  report(error: ServingError): void {
    this.#reported.set(error.reason, { error });
    this.#update();
  }

  /** Removes a reported problem. */
  retract(reason: string): void {
    if (this.#reported.delete(reason)) this.#update();
  }

  /** Ends all problems, because the servable is no longer observed. */
  clear(): void {
    this.#reported.clear();
    this.#found = [];
    this.#update();
  }

  /** Emits the changes since the last report. */
  #update(): void {
    const atMs = this.#clock.now();
    const before = this.#current;
    const current = new Map<string, SourceProblem>();
    const cameUp: SourceProblem[] = [];
    for (const { version, error } of [...this.#found, ...this.#reported.values()]) {
      const key = `${error.reason} ${version ?? ""}`;
      const known = before.get(key);
      if (known?.error.message === error.message) {
        current.set(key, known);
        continue;
      }
      const problem: SourceProblem = {
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
