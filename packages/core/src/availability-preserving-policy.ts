import type { AspiredVersionPolicy } from "./aspired-version-policy.js";

/**
 * The policy that keeps a servable available while its versions are swapped. It costs the memory
 * of both versions during the swap.
 *
 * First, unload the oldest version that is ready and not aspired, unless it is the last ready version and another
 * version is aspired. Second, load the newest aspired version that is new.
 *
 * The rule is that of TF Serving's AvailabilityPreservingPolicy.
 *
 * @example
 * ```ts
 * const manager = new AspiredVersionsManager<Predictor>({ policy: availabilityPreserving });
 * ```
 */
export const availabilityPreserving: AspiredVersionPolicy = (versions) => {
  const unwanted = versions.filter((v) => v.state === "ready" && !v.isAspired);
  const oldest = unwanted.at(-1);
  if (oldest !== undefined) {
    const isAspiredReady = versions.some((v) => v.state === "ready" && v.isAspired);
    const isNothingAspired = !versions.some((v) => v.isAspired);
    if (isAspiredReady || isNothingAspired || unwanted.length > 1) {
      return { kind: "unload", id: oldest.id };
    }
  }

  const newest = versions.find((v) => v.state === "new" && v.isAspired);
  return newest && { kind: "load", id: newest.id };
};
