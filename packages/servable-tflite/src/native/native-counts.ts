/** Native objects of this package that are alive in this thread; all 0 once everything is disposed. */
export interface NativeCounts {
  models: number;
  interpreters: number;
  delegates: number;
}

/** Incremented and decremented where the objects are made and freed. */
export const counts: NativeCounts = { models: 0, interpreters: 0, delegates: 0 };

/** Returns the number of native objects of this package that are alive in this thread. For tests and diagnostics. */
export function nativeCounts(): Readonly<NativeCounts> {
  return { ...counts };
}
