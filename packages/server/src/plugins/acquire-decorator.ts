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
 * Intercepts how calls acquire versions, for example to split traffic or to reject callers.
 *
 * - AD1 Its `acquire` synchronously returns a handle that the inner `acquire` returned, or throws a ServingError. It
 *   may request another name, version or label.
 * - AD2 Releasing that handle releases everything that it acquired, once. It holds nothing else.
 * - AD3 If the last call of the inner `acquire` throws, the error reaches the caller unchanged.
 * - AD4 It is called once for each call. If the call names the servable before its body, the handle is released
 *   immediately, which does not affect later calls, and the same version is acquired again once the body has arrived.
 *   If that version was unloaded meanwhile, the decorator is called again.
 * - AD5 `decorate` is called once in each event loop, and acquires nothing.
 */
export interface AcquireDecorator extends Plugin {
  /** Returns the function that replaces `acquire` for calls. Called once in each event loop. */
  decorate(acquire: Acquire, host: DecoratorHost): Acquire;
}
