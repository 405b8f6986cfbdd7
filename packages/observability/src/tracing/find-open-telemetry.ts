import { errors } from "../errors.js";
import type { OpenTelemetry } from "./call-spans.js";

/**
 * The global in which every copy of OpenTelemetry's API, version 1, stores the providers that the app's SDK
 * registered.
 */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");

/**
 * Loads the API of OpenTelemetry if spans are wanted. If `isWanted` is undefined, they are wanted if an SDK has
 * registered itself in this thread; otherwise the package is not even resolved.
 *
 * @throws ServingError FAILED_PRECONDITION / OPEN_TELEMETRY_MISSING if `isWanted` is true and it is not installed.
 */
export async function findOpenTelemetry(
  isWanted: boolean | undefined,
): Promise<OpenTelemetry | undefined> {
  const registered = Reflect.get(globalThis, REGISTERED) as { trace?: unknown } | undefined;
  if (!(isWanted ?? registered?.trace !== undefined)) return undefined;
  try {
    return await import("@opentelemetry/api");
  } catch (error) {
    if (isWanted) throw errors.openTelemetryMissing(error);
    return undefined;
  }
}
