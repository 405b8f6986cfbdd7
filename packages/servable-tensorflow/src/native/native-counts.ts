/** Native objects of this package that are alive in this thread; all 0 once everything is freed. */
export interface NativeCounts {
  sessions: number;
  /** Tensors of calls in flight, and tensors whose memory an output or an allocated input still uses. */
  tensors: number;
}

/** Incremented and decremented where the objects are made and freed. */
export const counts: NativeCounts = { sessions: 0, tensors: 0 };

/** Returns the number of native objects of this package that are alive in this thread. For tests and diagnostics. */
export function nativeCounts(): Readonly<NativeCounts> {
  return { ...counts };
}
