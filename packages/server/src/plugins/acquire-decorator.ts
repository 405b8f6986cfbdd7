import type { Clock, Logger, ServableHandle, ServableRequest } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Plugin } from "./plugin-module.js";

/** Contract: `Manager.acquire`. */
export type Acquire = (request: ServableRequest) => ServableHandle<Predictor>;

/** The parts of the server that an acquire decorator may use, in each event loop. */
export interface DecoratorHost {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The names of the models that are configured. */
  modelNames(): readonly string[];
}

/**
 * Stands between calls and the versions that they ask for: splits traffic, keeps callers out.
 *
 * - AD1 Its `acquire` returns a handle of a version that the inner `acquire` gave, synchronously, or throws a
 *   ServingError. It may ask for another name, version or label.
 * - AD2 Releasing that handle releases all that it acquired, once. It holds nothing else.
 * - AD3 What the inner `acquire` throws for the last version that it asks for reaches the caller as it is.
 * - AD4 It is called once for each call. If the call names the servable before its body, the handle is released at once,
 *   which changes nothing for later calls, and the same version is acquired again when the body is there. If that
 *   version was unloaded meanwhile, the decorator is called again.
 * - AD5 `decorate` is called once in each event loop, and acquires nothing.
 */
export interface AcquireDecorator extends Plugin {
  /** Returns what calls acquire by instead. Called once in each event loop. */
  decorate(acquire: Acquire, host: DecoratorHost): Acquire;
}
