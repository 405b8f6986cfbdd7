import type { ServingError } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * The state of a version in its load cycle.
 *
 * ```
 *   start ──▶ loading ──▶ available ──▶ unloading ──▶ end
 *     │          │                                     ▲
 *     └──────────┴────── error, or not aspired ────────┘
 * ```
 *
 * A version only moves to the right. If an ended version is aspired again, it starts a new load cycle at `start`.
 */
export type ServableStateName = "start" | "loading" | "available" | "unloading" | "end";

/** The reason why a version waits, if it waits for something other than its own work. */
export type WaitingFor = "load-slot" | "resources" | "retry" | "handles" | "unload-slot";

/**
 * The state of one version, as observers receive it.
 *
 * - `available` is emitted after `acquire` can return the version, `unloading` before it no longer can.
 * - `end` with an `error` means that the version failed; without an error, it was unloaded or never loaded.
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
  /** The error of the version, or of its last load attempt. */
  readonly error?: ServingError;
  /** Number of load attempts in this load cycle. */
  readonly attempts: number;
  readonly waitingFor?: WaitingFor;
  /** Time of the next load attempt, on the manager's Clock. */
  readonly nextAttemptAtMs?: number;
  /** Time at which this state was reached, on the manager's Clock. */
  readonly atMs: number;
}

/** An event of a manager, as a union over `kind`. */
export type ManagerEvent =
  | ({ readonly kind: "state" } & ServableState)
  /** The labels of a servable were set; `labels` returns the versions that they point to. */
  | { readonly kind: "labels"; readonly name: string; readonly atMs: number }
  /** A source failed or completed. The versions that it aspired stay aspired. */
  | { readonly kind: "source-ended"; readonly error?: unknown; readonly atMs: number }
  /** The policy threw, or returned an action that its contract forbids. The action was ignored. */
  | {
      readonly kind: "policy-failed";
      readonly name: string;
      readonly error: ServingError;
      readonly atMs: number;
    }
  /** A source emitted a value that is not a list of aspired versions. It was ignored. */
  | { readonly kind: "source-invalid"; readonly error: ServingError; readonly atMs: number };
