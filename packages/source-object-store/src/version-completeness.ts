import { MANIFEST, type Manifest } from "./manifest.js";
import type { VersionListing } from "./version-listing.js";

/** The name of a ready marker, if the user has named none. */
export const READY_MARKER = "_READY";

/** How a version is known to be complete. */
export interface CompletenessRules {
  /** The name of the object that a publisher writes last. If given, a version without it or a manifest never counts. */
  readonly readyMarker?: string | undefined;
  /** Ms for which the objects of a version without either must have been the same. */
  readonly settleMs: number;
}

/** The known facts about the objects of a version. */
export interface SeenObjects {
  readonly listing: VersionListing;
  /** The manifest, if the listing has one. */
  readonly manifest?: Manifest | undefined;
  /** For how many ms listings have been the same. */
  readonly unchangedMs: number;
  /**
   * Whether the times of the objects count. They do for what was there at the first listing, but not for what came up
   * later: the time of an object that was uploaded in parts is that of the start of its upload.
   */
  readonly isFirstSight: boolean;
}

/** Whether the objects of a version are all there. */
export type ObjectsState =
  | { readonly isComplete: true; readonly by: "marker" | "manifest" | "settled" }
  | {
      readonly isComplete: false;
      readonly problem: string;
      /** In how many ms it may be complete if nothing changes. Absent if an object is missing. */
      readonly dueInMs?: number;
    };

/**
 * Decides whether the objects of a version are all there: by its manifest, else by its ready marker, else by having
 * settled.
 */
export function stateOfObjects(seen: SeenObjects, rules: CompletenessRules): ObjectsState {
  const { listing, manifest, unchangedMs, isFirstSight } = seen;
  const { readyMarker, settleMs } = rules;
  const names = new Set(listing.files.map(({ name }) => name));
  if (manifest !== undefined) {
    const missing = [...manifest.keys()].find((name) => !names.has(name));
    if (missing === undefined) return { isComplete: true, by: "manifest" };
    return { isComplete: false, problem: `${MANIFEST} lists ${missing}, which is missing` };
  }
  if (names.has(readyMarker ?? READY_MARKER)) return { isComplete: true, by: "marker" };
  if (readyMarker !== undefined) {
    return { isComplete: false, problem: `the ready marker ${readyMarker} is missing` };
  }
  const { newestMs = Number.NaN, serverTimeMs = Number.NaN } = listing;
  // Of the store's own clock, so that no other clock counts.
  const ageMs = isFirstSight ? serverTimeMs - newestMs || 0 : 0;
  const dueInMs = settleMs - Math.max(unchangedMs, ageMs);
  if (dueInMs <= 0) return { isComplete: true, by: "settled" };
  const problem = `its objects have not been the same for ${settleMs} ms`;
  return { isComplete: false, problem, dueInMs };
}
