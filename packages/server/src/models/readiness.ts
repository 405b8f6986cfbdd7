import type { StartUpPolicy } from "./start-up.js";

/** The models that a server's readiness depends on, by name. */
export interface ServedNow {
  readonly configured: readonly string[];
  /** Those that have had an available version since they were configured. */
  readonly served: ReadonlySet<string>;
  /** Whether a model has an available version now. */
  isAvailable(name: string): boolean;
}

/**
 * Tells whether what the start-up policy asked for still holds of the models that are configured now.
 *
 * - `none`: always.
 * - `any`: a model has an available version.
 * - `all`: that, and every model that has had one has one still. A model that a reload has added counts
 *   from when it is available.
 *
 * So a new version that loads or fails beside an available one changes nothing. A server without models
 * lacks none.
 */
export function isPolicyHeld(
  policy: StartUpPolicy,
  { configured, served, isAvailable }: ServedNow,
): boolean {
  if (policy === "none" || configured.length === 0) return true;
  const isLost = (name: string) => served.has(name) && !isAvailable(name);
  if (policy === "all" && configured.some(isLost)) return false;
  return configured.some(isAvailable);
}
