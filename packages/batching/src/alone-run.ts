import type { StartedBatch } from "./batch-event.js";
import type { AloneTask } from "./batch-queue.js";

/** The outcome of a task that ran alone. */
export type AloneOutcome = "succeeded" | "failed" | "aborted" | "expired";

/** The queue of an alone run, as the run sees it. */
export interface AloneRunOwner {
  endAlone(run: AloneRun, outcome: AloneOutcome, error: unknown): void;
}

/**
 * A batch of one task that its caller runs. A queue has at most one such run at a time, and reuses the object, because
 * a lone caller of a small model would notice the garbage.
 */
export class AloneRun implements AloneTask, StartedBatch {
  size = 0;
  paddedSize = 0;
  startedAtMs = 0.5;
  readonly entries: [{ size: number; enqueuedAtMs: number }] = [{ size: 0, enqueuedAtMs: 0.5 }];
  readonly #owner: AloneRunOwner;

  constructor(owner: AloneRunOwner) {
    this.#owner = owner;
  }

  /** Starts the run of another task. */
  restart(size: number, nowMs: number): void {
    this.size = this.paddedSize = size;
    this.startedAtMs = nowMs;
    const [entry] = this.entries;
    entry.size = size;
    entry.enqueuedAtMs = nowMs;
  }

  end(outcome: AloneOutcome, error?: unknown): void {
    this.#owner.endAlone(this, outcome, error);
  }
}
