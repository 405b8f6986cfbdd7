import type { ServableId } from "@serving-kit/core";
import type { BoundedCheck } from "./bounded-check.js";
import type { ResolvedServable } from "./config.js";
import { type Surroundings, VersionAssessor } from "./version-assessor.js";
import { readVersionFiles } from "./version-files.js";

/** An aspired version, and the state of its files at that time. */
export interface SeenVersion {
  readonly id: ServableId;
  readonly path: string;
  fingerprint: string;
}

/**
 * Notifies managers when the files of versions that failed to load have changed and are complete again.
 *
 * Files are checked only while a manager waits, so a loaded version costs nothing.
 */
export class VersionChanges {
  readonly #surroundings: Surroundings;
  readonly #assessor: VersionAssessor;
  readonly #waiting: Map<SeenVersion, Set<() => void>>;

  /** Takes over the waiting managers of `predecessor`. */
  constructor(surroundings: Surroundings, check: BoundedCheck, predecessor?: VersionChanges) {
    this.#surroundings = surroundings;
    const before = predecessor === undefined ? undefined : predecessor.#assessor;
    this.#assessor = new VersionAssessor(surroundings, check, before);
    this.#waiting = predecessor === undefined ? new Map() : predecessor.#waiting;
  }

  /** The time on the Clock when a changed version will have settled; undefined if none has changed. */
  get dueAtMs(): number | undefined {
    return this.#assessor.dueAtMs;
  }

  /** True if a manager waits for file changes, which watches of the base path do not report. */
  get isWaitedFor(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves when the files have changed and are complete. Rejects if the signal aborts. */
  wait(version: SeenVersion, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const waiting = this.#waiting.get(version) ?? new Set();
      this.#waiting.set(version, waiting);
      const leave = () => {
        signal.removeEventListener("abort", abort);
        waiting.delete(changed);
        if (waiting.size === 0 && this.#waiting.get(version) === waiting) {
          this.#waiting.delete(version);
        }
      };
      const changed = () => {
        leave();
        resolve();
      };
      const abort = () => {
        leave();
        reject(signal.reason);
      };
      waiting.add(changed);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Checks the versions for which managers wait. Never rejects. */
  async look(servable: ResolvedServable): Promise<void> {
    for (const [version, waiting] of [...this.#waiting]) {
      const { path, id } = version;
      const files = await readVersionFiles(this.#surroundings.fileSystem, path).catch(() => {});
      // A deleted version leaves the list; a version that cannot be read is not loaded again.
      if (files === undefined || files.fingerprint === version.fingerprint) continue;
      const assessment = await this.#assessor.assess(servable, id, path, false);
      if (assessment.state !== "complete") continue;
      version.fingerprint = assessment.fingerprint;
      for (const changed of [...waiting]) changed();
    }
    this.#assessor.retain(new Set(Array.from(this.#waiting.keys(), ({ path }) => path)));
  }
}
