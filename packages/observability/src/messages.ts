import type { LoggedRequest } from "@serving-kit/server";

/** A message between the observers of two event loops. */
export type Message =
  /** The main thread asks a worker for `MetricValues[]`. */
  | { readonly ask: "metricValues" }
  /** A worker asks the main thread for the bytes of the page of metrics. */
  | { readonly ask: "metricsPage" }
  /** A worker passes requests that it sampled to the main thread. */
  | { readonly ask: "logRequests"; readonly requests: readonly LoggedRequest[] };
