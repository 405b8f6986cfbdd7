/** Limits of one call: the context of `before` and `after` has them. */
export interface ProcessingLimits {
  /** Aborts the work with the signal's reason. Default none. */
  readonly signal?: AbortSignal | undefined;
}
