import type { LoggedRequest } from "@serving-kit/server";

/** A message between the observers of two event loops. */
export type Message =
  /** The main thread requests `MetricValues[]` from a worker. */
  | { readonly ask: "metricValues" }
  /** A worker requests the bytes of the metrics page from the main thread. */
  | { readonly ask: "metricsPage" }
  /** A worker sends sampled requests to the main thread. */
  | { readonly ask: "logRequests"; readonly requests: readonly LoggedRequest[] };
