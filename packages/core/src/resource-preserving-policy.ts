import type { AspiredVersionPolicy } from "./aspired-version-policy.js";

/**
 * The policy that never holds an unwanted and a new version at the same time, for servables of
 * which only one fits in memory. The servable is unavailable during a swap.
 *
 * First, unload every version that is ready and not aspired. Second, once none of them is ready or
 * leaving, load the newest aspired version that is new.
 *
 * The rule is that of TF Serving's ResourcePreservingPolicy.
 *
 * @example
 * ```ts
 * await createModelServer({ models: { digits: "models/digits" }, manager: { policy: resourcePreserving } });
 * ```
 */
export const resourcePreserving: AspiredVersionPolicy = (versions) => {
  const unwanted = versions.findLast((v) => v.state === "ready" && !v.isAspired);
  if (unwanted !== undefined) return { kind: "unload", id: unwanted.id };

  if (versions.some((v) => v.state === "leaving")) return undefined;
  const newest = versions.find((v) => v.state === "new" && v.isAspired);
  return newest && { kind: "load", id: newest.id };
};
