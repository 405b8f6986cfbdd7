/** The current look of a version's files, and the time on the source's Clock since when it is unchanged. */
export interface Sighting {
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/** The current time on the Clock, and on the wall clock that stamps files. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Records the current look of the files. If it is unchanged, keeps the time since when it is. */
export function sight(
  previous: Sighting | undefined,
  fingerprint: string,
  { nowMs }: Moment,
): Sighting {
  return previous?.fingerprint === fingerprint ? previous : { fingerprint, sinceMs: nowMs };
}

/**
 * Returns the time in ms until the files of a version have settled if they do not change; 0 if they have.
 *
 * Files have settled when either
 * - the last change is `settleMs` old by the wall clock (`changedAtMs`), so that older files are complete at the
 *   first check; or
 * - they have not changed for `settleMs` on the Clock of the source, regardless of the clock of the file server.
 */
export function settlesInMs(
  sighting: Sighting,
  changedAtMs: number | undefined,
  { nowMs, wallMs }: Moment,
  settleMs: number,
): number {
  const bySight = sighting.sinceMs + settleMs - nowMs;
  const byChange =
    changedAtMs === undefined ? Number.POSITIVE_INFINITY : changedAtMs + settleMs - wallMs;
  return Math.max(0, Math.min(bySight, byChange));
}

const MAX_LOOK_AGAIN_MS = 30_000;

/**
 * Returns the delay in ms until files that have not changed for `unchangedMs` are checked again. It grows up to 30 s,
 * so that an abandoned copy costs almost nothing.
 */
export function lookAgainInMs(unchangedMs: number, settleMs: number): number {
  return Math.min(MAX_LOOK_AGAIN_MS, Math.max(settleMs, 100, unchangedMs / 4));
}
