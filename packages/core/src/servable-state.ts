import type { ServingError } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * Where a version stands in its load cycle.
 *
 * ```
 *   start ──▶ loading ──▶ available ──▶ unloading ──▶ end
 *     │          │                                     ▲
 *     └──────────┴────── error, or not aspired ────────┘
 * ```
 *
 * A version only moves to the right. A version that ended and is aspired again begins a new load cycle
 * at `start`.
 */
export type ServableStateName = "start" | "loading" | "available" | "unloading" | "end";

/** The cause of a wait of a version, if it waits for something other than its own work. */
export type WaitingFor = "load-slot" | "resources" | "retry" | "handles" | "unload-slot";

/**
 * The state of one version, as it is told to observers.
 *
 * - `available` is emitted after `acquire` gives the version, `unloading` before it stops doing so.
 * - `end` with an `error` is a version that failed; without one it was unloaded or never loaded.
 *
 * @example
 * ```ts
 * const describe = ({ id, state, error }: ServableState) => `${id.version}: ${state} ${error?.message ?? ""}`;
 * for (const state of models.manager.states("digits")) console.log(describe(state));
 * ```
 */
export interface ServableState {
  readonly id: ServableId;
  readonly state: ServableStateName;
  /** Why the version failed, or why its last attempt to load did. */
  readonly error?: ServingError;
  /** How often loading was tried in this load cycle. */
  readonly attempts: number;
  readonly waitingFor?: WaitingFor;
  /** When the next attempt to load begins, on the manager's Clock. */
  readonly nextAttemptAtMs?: number;
  /** When this state was reached, on the manager's Clock. */
  readonly atMs: number;
}

/** An event of a manager, as a union over `kind`. */
export type ManagerEvent =
  | ({ readonly kind: "state" } & ServableState)
  /** The labels of a servable were set; what they point at is for `labels` to say. */
  | { readonly kind: "labels"; readonly name: string; readonly atMs: number }
  /** A source failed or completed; what it had aspired stays. */
  | { readonly kind: "source-ended"; readonly error?: unknown; readonly atMs: number }
  /** The policy threw, or asked for what its contract forbids, and was not followed. */
  | {
      readonly kind: "policy-failed";
      readonly name: string;
      readonly error: ServingError;
      readonly atMs: number;
    }
  /** A source emitted something that is not a list of aspired versions, and it was ignored. */
  | { readonly kind: "source-invalid"; readonly error: ServingError; readonly atMs: number };
