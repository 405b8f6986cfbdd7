import type { ServableId } from "@serving-kit/core";
import type { BoundedCheck } from "./bounded-check.js";
import type { ResolvedServable } from "./config.js";
import { type Surroundings, VersionAssessor } from "./version-assessor.js";
import { readVersionFiles } from "./version-files.js";

/** A version that has been aspired, and how its files looked then. */
export interface SeenVersion {
  readonly id: ServableId;
  readonly path: string;
  fingerprint: string;
}

/**
 * Tells managers when the files of versions that failed to load have changed and are complete again.
 *
 * Files are only looked at while a manager waits: a version that is loaded costs nothing.
 */
export class VersionChanges {
  readonly #surroundings: Surroundings;
  readonly #assessor: VersionAssessor;
  readonly #waiting: Map<SeenVersion, Set<() => void>>;

  /** Continues for those who wait at `predecessor`. */
  constructor(surroundings: Surroundings, check: BoundedCheck, predecessor?: VersionChanges) {
    this.#surroundings = surroundings;
    const before = predecessor === undefined ? undefined : predecessor.#assessor;
    this.#assessor = new VersionAssessor(surroundings, check, before);
    this.#waiting = predecessor === undefined ? new Map() : predecessor.#waiting;
  }

  /** When a changed version will have settled, on the Clock; undefined if none has changed. */
  get dueAtMs(): number | undefined {
    return this.#assessor.dueAtMs;
  }

  /** Whether a manager waits for files to change, which no watch of the base path reports. */
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

  /** Checks the versions that are waited for. Never rejects. */
  async look(servable: ResolvedServable): Promise<void> {
    for (const [version, waiting] of [...this.#waiting]) {
      const { path, id } = version;
      const files = await readVersionFiles(this.#surroundings.fileSystem, path).catch(() => {});
      // A version that is gone leaves the list; one that cannot be read is not loaded again.
      if (files === undefined || files.fingerprint === version.fingerprint) continue;
      const assessment = await this.#assessor.assess(servable, id, path, false);
      if (assessment.state !== "complete") continue;
      version.fingerprint = assessment.fingerprint;
      for (const changed of [...waiting]) changed();
    }
    this.#assessor.retain(new Set(Array.from(this.#waiting.keys(), ({ path }) => path)));
  }
}
