/** Native objects of this package that are alive in this thread; all 0 once everything is disposed. */
export interface NativeCounts {
  models: number;
  interpreters: number;
  delegates: number;
}

/** Counted where they are made and freed. */
export const counts: NativeCounts = { models: 0, interpreters: 0, delegates: 0 };

/** How many native objects of this package are alive in this thread. For tests and diagnostics. */
export function nativeCounts(): Readonly<NativeCounts> {
  return { ...counts };
}
