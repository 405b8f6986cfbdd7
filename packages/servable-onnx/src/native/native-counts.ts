/** Native objects of this package that are alive in this thread; all 0 once everything is freed. */
export interface NativeCounts {
  sessions: number;
  /** Tensors of calls in flight, of bindings, and those whose memory an allocated input still shows. */
  values: number;
}

/** Counted where they are made and freed. */
export const counts: NativeCounts = { sessions: 0, values: 0 };

/** Returns how many native objects of this package are alive in this thread. For tests and diagnostics. */
export function nativeCounts(): Readonly<NativeCounts> {
  return { ...counts };
}
