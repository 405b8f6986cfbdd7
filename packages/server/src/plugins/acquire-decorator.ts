import type { Clock, Logger, ServableHandle, ServableRequest } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { Plugin } from "./plugin-module.js";

/** Contract: `Manager.acquire`. */
export type Acquire = (request: ServableRequest) => ServableHandle<Predictor>;

/** What an acquire decorator may use, in each event loop. */
export interface DecoratorHost {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The names of the models that are configured. */
  modelNames(): readonly string[];
}

/**
 * Stands between calls and the versions that they ask for: splits traffic, keeps callers out.
 *
 * - D1 What it returns keeps the contract of `Manager.acquire`: a handle that the caller releases, or a thrown
 *   ServingError. It may ask `acquire` for another name, version or label.
 * - D2 It is called twice for a call whose name is known before its body: the first handle is released at once.
 */
export interface AcquireDecorator extends Plugin {
  /** Returns what calls acquire by instead. Called once in each event loop. */
  decorate(acquire: Acquire, host: DecoratorHost): Acquire;
}
