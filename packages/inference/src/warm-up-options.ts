/** Options for the warm-up of a model's versions. A platform without a warm-up ignores them. */
export interface WarmUpOptions {
  /** True if versions are warmed up before they are available. Default: as the platform's options say. */
  readonly enabled?: boolean | undefined;
  /** Number of times that each recorded request is run, at least 1. Default: as the platform's options say. */
  readonly iterations?: number | undefined;
}

/** Returns a model's own warm-up options from the options of its versions (`StoragePath.options`). */
export function warmUpOf(own: Readonly<Record<string, unknown>> = {}): WarmUpOptions {
  return (own.warmUp as WarmUpOptions | undefined) ?? {};
}
