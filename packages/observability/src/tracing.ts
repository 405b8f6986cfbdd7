/**
 * OpenTelemetry spans of the calls of a model server.
 *
 * @packageDocumentation
 */

import type { Observer } from "@serving-kit/server";
import { LoopObservability } from "./loop-observability.js";
import { findOpenTelemetry } from "./tracing/find-open-telemetry.js";

/**
 * Makes an observer that creates a span for each call, with a child span for the run of the model. Each thread needs
 * its own SDK.
 *
 * @throws ServingError FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING.
 */
export async function spans(): Promise<Observer> {
  const otel = await findOpenTelemetry(true);
  return {
    name: "spans",
    module: { url: import.meta.url, exportName: "spans" },
    observe: (host) => new LoopObservability(host, { otel }),
  };
}
