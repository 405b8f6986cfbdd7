import type { Clock } from "@serving-kit/core";
import type { Refusal } from "../refusal.js";
import { AnswerWatch } from "./answer-watch.js";
import { MemoryBudget } from "./memory-budget.js";
import type { LimitSettings } from "./server-limits.js";
import { SharedCount } from "./shared-counts.js";

/** The server's limits, enforced by one event loop. */
export class LoopLimits {
  readonly budget: MemoryBudget;
  readonly answers: AnswerWatch;
  readonly allowedHosts: readonly string[];
  /** Counts a refusal. */
  readonly refused: (kind: Refusal) => void;
  readonly #maxConnections: number;
  readonly #connections: SharedCount;

  /** `slot` is the slot of the event loop; 0 in the main thread. */
  constructor(
    settings: LimitSettings,
    slot: number,
    { clock, refused }: { readonly clock: Clock; readonly refused: (kind: Refusal) => void },
  ) {
    const { shared, requestMemoryBytes, connections, allowedHosts } = settings;
    this.budget = new MemoryBudget(requestMemoryBytes, new SharedCount(shared, "memory", slot));
    this.answers = new AnswerWatch(settings, { budget: this.budget, clock, refused });
    this.allowedHosts = allowedHosts;
    this.refused = refused;
    this.#maxConnections = connections;
    this.#connections = new SharedCount(shared, "connections", slot);
  }

  /** Reserves a place for a connection. Returns false if none is free; otherwise, call `leave` once at its end. */
  connect(): boolean {
    if (this.#connections.add(1) <= this.#maxConnections) return true;
    this.#connections.add(-1);
    this.refused("connections");
    return false;
  }

  /** Releases the place of a connection. */
  leave(): void {
    this.#connections.add(-1);
  }
}
