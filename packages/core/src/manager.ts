import type { ServableHandle } from "./servable-handle.js";
import type { ServableId } from "./servable-id.js";
import type { ServableRequest } from "./servable-request.js";

/**
 * Owns servables and returns handles to them.
 *
 * Guarantees:
 * - M1 `acquire` is synchronous and returns a servable that is loaded and warmed up.
 * - M2 A version with a handle is not unloaded.
 * - M3 `close` immediately rejects new `acquire` calls, waits for held handles, then unloads all versions. Later
 *   calls return the same promise.
 */
export interface Manager<S> extends AsyncDisposable {
  /**
   * Returns a handle to the version that the request names. A string names a servable and requests its newest
   * available version.
   *
   * @throws ServingError NOT_FOUND / SERVABLE_NOT_FOUND if the version is not available, INVALID_ARGUMENT /
   * LABEL_NOT_FOUND for an unknown label, UNAVAILABLE / MANAGER_CLOSED.
   */
  acquire(request: ServableRequest | string): ServableHandle<S>;
  /** Returns the ids of all versions that can be acquired now. */
  listAvailable(): ServableId[];
  /**
   * Rejects new `acquire` calls, waits until held handles are released, and unloads all versions. May be called
   * repeatedly. If the signal aborts, stops waiting for handles and unloads immediately.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}
