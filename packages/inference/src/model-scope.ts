import { AsyncLocalStorage } from "node:async_hooks";
import type { ServableId } from "@serving-kit/core";

const scope = new AsyncLocalStorage<ServableId>();

/**
 * Runs code of a model, and marks everything that it starts, such as timers and promises, as the model's:
 * `runningModel` returns the id there. Code of the built-in platforms is not marked. Until the first marked run, this
 * costs nothing.
 */
export function runAsModel<T>(id: ServableId, run: () => T): T {
  return scope.run(id, run);
}

/** Returns the id of the version whose code runs, or that started the code that runs. Undefined outside of models. */
export function runningModel(): ServableId | undefined {
  return scope.getStore();
}
