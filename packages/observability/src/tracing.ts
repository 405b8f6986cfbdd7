/**
 * OpenTelemetry spans of the calls of a model server.
 *
 * @packageDocumentation
 */

import type { Observer } from "@serving-kit/server";
import { LoopObservability } from "./loop-observability.js";
import { findOpenTelemetry } from "./tracing/find-open-telemetry.js";

/**
 * Makes an observer that gives each call a span, and the run of the model a span within it. Each thread needs an SDK
 * of its own.
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
