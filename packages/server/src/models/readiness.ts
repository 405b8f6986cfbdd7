import type { StartUpPolicy } from "./start-up.js";

/** The models that a server's readiness depends on, by name. */
export interface ServedNow {
  readonly configured: readonly string[];
  /** The names of models that have had an available version since they were configured. */
  readonly served: ReadonlySet<string>;
  /** Returns whether a model has an available version now. */
  isAvailable(name: string): boolean;
}

/**
 * Returns whether the start-up policy still holds for the models that are configured now:
 *
 * - `none`: always.
 * - `any`: if a model has an available version.
 * - `all`: as `any`, and every model that has had an available version still has one. A model that a reload added
 *   counts once it is available.
 *
 * So a new version that loads or fails next to an available one changes nothing. A server without models is ready.
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
