/** Limits of one call. The context of `before` and `after` includes them. */
export interface ProcessingLimits {
  /** Aborts the work with the signal's reason. Default none. */
  readonly signal?: AbortSignal | undefined;
}
