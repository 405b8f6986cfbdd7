import { z } from "zod";

/** Options for the metrics of a server. */
export interface MetricsOptions {
  /** The path of the page. Default `/monitoring/prometheus/metrics`, TF Serving's. */
  readonly path?: string | undefined;
  /**
   * Whether counts and latencies of calls have the labels `version` and `signature_name` as well. Default false:
   * only TF Serving's labels.
   */
  readonly versionLabels?: boolean | undefined;
}

/** The default of `path`: the path in TF Serving's monitoring config files. */
export const DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics";

/** The schema of `MetricsOptions`. */
export const metricsSchema: z.ZodType = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#]*$/, "a path that begins with /")
    // A route would take these for parameters.
    .regex(
      /^(?!.*\/(?::|\*$))/s,
      "a path without segments that begin with : and without * at its end",
    )
    .optional(),
  versionLabels: z.boolean().optional(),
});
