import type { ServableId } from "./servable-id.js";

/**
 * What a policy sees of one version.
 *
 * - `new`: aspired, and loading has not been asked for yet.
 * - `loading`: loading has been asked for and has not ended (waiting for a slot, for resources or
 *   for a retry included).
 * - `ready`: it can be acquired.
 * - `leaving`: unloading has been asked for and has not ended.
 * - `failed`: it ended with an error and no attempt is under way.
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
 * A policy is a function of a snapshot of all versions of one servable, newest first. The manager
 * calls it again after every action and every change, until it answers undefined.
 *
 * Guarantees a policy gives:
 * - P1 It is pure: the same snapshot gives the same action.
 * - P2 It only loads versions that are aspired and `new`.
 * - P3 It only unloads versions that are not aspired and `ready`.
 * - P4 Repeated, it ends with all and only the aspired versions ready.
 * - P5 (availability-preserving policies) It never takes the number of ready versions from one to
 *   none while something is aspired.
 */
export type AspiredVersionPolicy = (
  versions: readonly VersionSnapshot[],
) => PolicyAction | undefined;
