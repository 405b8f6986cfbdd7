import type { AspiredVersionPolicy, VersionSnapshot } from "@serving-kit/core";
import { servableId } from "@serving-kit/core";

/**
 * The decision of a policy for versions written as `"5 new, 4 ready unwanted"`, newest first; they are
 * aspired unless they are unwanted.
 */
export function answer(policy: AspiredVersionPolicy, versions: string): string | undefined {
  const action = policy(versions === "" ? [] : versions.split(", ").map(snapshot));
  return action && `${action.kind} ${action.id.version}`;
}

function snapshot(text: string): VersionSnapshot {
  const [version, state, unwanted] = text.split(" ");
  return {
    id: servableId("m", Number(version)),
    state: state as VersionSnapshot["state"],
    isAspired: unwanted === undefined,
  };
}
