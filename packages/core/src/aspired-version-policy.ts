import type { ServableId } from "./servable-id.js";

/**
 * The snapshot of one version that a policy receives.
 *
 * - `new`: aspired, and its load has not been requested yet.
 * - `loading`: its load has been requested and has not ended; it may wait for a slot, for resources or for a retry.
 * - `ready`: the version can be acquired.
 * - `leaving`: its unload has been requested and has not ended.
 * - `failed`: it ended with an error, and no further attempt is in progress.
 */
export interface VersionSnapshot {
  readonly id: ServableId;
  readonly isAspired: boolean;
  readonly state: "new" | "loading" | "ready" | "leaving" | "failed";
}

/** The decision of a policy: load a new aspired version, or unload a ready version that is not aspired. */
export interface PolicyAction {
  readonly kind: "load" | "unload";
  readonly id: ServableId;
}

/**
 * Decides the order in which the versions of one servable are loaded and unloaded.
 *
 * A policy is a function of a snapshot of all versions of one servable, newest first. The manager calls it again
 * after every action and every change, until it returns undefined.
 *
 * A policy guarantees:
 * - P1 It is pure: for the same snapshot it returns the same action.
 * - P2 It only loads versions that are aspired and `new`.
 * - P3 It only unloads versions that are not aspired and `ready`.
 * - P4 If its actions are applied repeatedly, all aspired versions become ready, and no others stay ready.
 * - P5 (availability-preserving policies) It never unloads the last ready version while any version is aspired.
 */
export type AspiredVersionPolicy = (
  versions: readonly VersionSnapshot[],
) => PolicyAction | undefined;
