import { MANIFEST, type Manifest } from "./manifest.js";
import type { VersionListing } from "./version-listing.js";

/** The default name of the ready marker. */
export const READY_MARKER = "_READY";

/** The rules for a complete version. */
export interface CompletenessRules {
  /**
   * The name of the object that a publisher writes last. If set, a version without it and without a manifest is never
   * complete.
   */
  readonly readyMarker?: string | undefined;
  /** Time in ms for which the objects of a version without either must be unchanged. */
  readonly settleMs: number;
}

/** The known facts about the objects of a version. */
export interface SeenObjects {
  readonly listing: VersionListing;
  /** The manifest, if the listing has one. */
  readonly manifest?: Manifest | undefined;
  /** Time in ms for which listings have been unchanged. */
  readonly unchangedMs: number;
  /**
   * True if the modification times of the objects are used. They are used only at the first listing: for an object
   * that was uploaded in parts, the time is that of the start of its upload.
   */
  readonly isFirstSight: boolean;
}

/** The result of the completeness check of a version's objects. */
export type ObjectsState =
  | { readonly isComplete: true; readonly by: "marker" | "manifest" | "settled" }
  | {
      readonly isComplete: false;
      readonly problem: string;
      /** Time in ms until it may be complete if nothing changes. Absent if an object is missing. */
      readonly dueInMs?: number;
    };

/**
 * Decides whether the objects of a version are complete: by its manifest, else by its ready marker, else by settling.
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
  // The age on the store's own clock, independent of other clocks.
  const ageMs = isFirstSight ? serverTimeMs - newestMs || 0 : 0;
  const dueInMs = settleMs - Math.max(unchangedMs, ageMs);
  if (dueInMs <= 0) return { isComplete: true, by: "settled" };
  const problem = `its objects changed less than ${settleMs} ms ago`;
  return { isComplete: false, problem, dueInMs };
}
