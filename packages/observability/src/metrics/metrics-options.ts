import { z } from "zod";

/** Options for the metrics of a server. */
export interface MetricsOptions {
  /** The path of the page. Default `/monitoring/prometheus/metrics`, TF Serving's. */
  readonly path?: string | undefined;
  /**
   * True if counts and latencies of calls also have the labels `version` and `signature_name`. Default false: only TF
   * Serving's labels.
   */
  readonly versionLabels?: boolean | undefined;
}

/** The default of `path`: the path in TF Serving's monitoring config files. */
export const DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics";

/** The schema of `MetricsOptions`. */
export const metricsSchema: z.ZodType = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#]*$/, "a path that starts with /")
    // A route would treat these as parameters.
    .regex(
      /^(?!.*\/(?::|\*$))/s,
      "a path without segments that start with : and without * at its end",
    )
    .optional(),
  versionLabels: z.boolean().optional(),
});
