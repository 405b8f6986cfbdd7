/** Since when, on the source's Clock, a version's files have looked the way they do. */
export interface Sighting {
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/** The two times of one moment: on the Clock, and on the wall clock that files are stamped with. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Notes what was seen now; what looks as before keeps the time since when it does. */
export function sight(
  previous: Sighting | undefined,
  fingerprint: string,
  { nowMs }: Moment,
): Sighting {
  return previous?.fingerprint === fingerprint ? previous : { fingerprint, sinceMs: nowMs };
}

/**
 * In how many milliseconds the files of a version will have settled if nothing changes any more; 0
 * when they have.
 *
 * Files have settled when either
 * - the last change is `settleMs` old by the wall clock (`changedAtMs`), so that what was there
 *   before the process started is complete at first sight; or
 * - they looked the same for `settleMs` on our own clock, which holds for any clock of a file
 *   server says.
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
 * When to look again at what has not changed for `unchangedMs`: ever later, so that a copy that was
 * given up costs next to nothing; at most 30 s.
 */
export function lookAgainInMs(unchangedMs: number, settleMs: number): number {
  return Math.min(MAX_LOOK_AGAIN_MS, Math.max(settleMs, 100, unchangedMs / 4));
}
