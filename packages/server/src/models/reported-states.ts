import type { ServableState, SourceProblem } from "@serving-kit/core";

/** The known states of the versions of one model. */
export interface KnownStates {
  /** Contract: `AspiredVersionsManager.states`. */
  readonly live: readonly ServableState[];
  /** The problems that the source reports for this model. */
  readonly problems: readonly SourceProblem[];
  /** Ended versions that the manager has forgotten. */
  readonly ended: readonly ServableState[];
}

/**
 * The states that status reports in addition to those of the manager:
 *
 * - `start`, with the reason as its error, for a version whose files are still on their way, which no source aspires
 *   yet;
 * - `end`, with its error if it failed, for a version that was unloaded.
 */
export function statesBesideLive({ live, problems, ended }: KnownStates): ServableState[] {
  const known = new Set(live.map(({ id }) => id.version));
  const beside: ServableState[] = [];
  for (const { name, version, error, sinceMs } of problems) {
    if (version === undefined || error.reason !== "VERSION_INCOMPLETE") continue;
    if (known.has(version)) continue;
    known.add(version);
    const id = { name, version };
    beside.push({ id, state: "start", attempts: 0, error, atMs: sinceMs });
  }
  return [...beside, ...ended.filter(({ id }) => !known.has(id.version))];
}

/** The states of models: those of the manager, and additional ones. */
export interface StatesOfModels {
  /** Contract: `AspiredVersionsManager.states`. */
  states(name?: string): readonly ServableState[];
  /** See `statesBesideLive`. */
  statesBeside(name: string): readonly ServableState[];
}

/** Returns all states that status reports for a model's versions, newest version first. */
export function reportedStates(
  { states, statesBeside }: StatesOfModels,
  name: string,
): readonly ServableState[] {
  const beside = statesBeside(name);
  if (beside.length === 0) return states(name);
  return [...states(name), ...beside].sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
}
