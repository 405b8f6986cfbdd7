/** What of the metrics can be chosen. */
export interface MetricsOptions {
  /** Where they are answered. Default `/monitoring/prometheus/metrics`, TF Serving's. */
  readonly path?: string;
  /**
   * Whether counts and latencies of calls are told apart by `version` and `signature_name` as well.
   * Default false: TF Serving's labels alone.
   */
  readonly versionLabels?: boolean;
}

/** The default of `path`: what TF Serving's monitoring config files name. */
export const DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics";
