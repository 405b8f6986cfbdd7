import type { ServableHandle } from "./servable-handle.js";
import type { ServableId } from "./servable-id.js";
import type { ServableRequest } from "./servable-request.js";

/**
 * Owns servables and hands them out.
 *
 * Guarantees:
 * - M1 `acquire` is synchronous and gives a servable that is loaded and warmed up.
 * - M2 A version with a handle is not unloaded.
 * - M3 `close` refuses new handles at once, waits for those that are held, then unloads all. It can
 *   be called again and gives the same promise.
 */
export interface Manager<S> extends AsyncDisposable {
  /**
   * Returns a handle to the version that the request names. A string is the name of a servable: its newest
   * available version.
   *
   * @throws ServingError NOT_FOUND / SERVABLE_NOT_FOUND when no such version is available,
   * INVALID_ARGUMENT / LABEL_NOT_FOUND for an unknown label, UNAVAILABLE / MANAGER_CLOSED.
   */
  acquire(request: ServableRequest | string): ServableHandle<S>;
  /** The ids of all versions that can be acquired now. */
  listAvailable(): ServableId[];
  /**
   * Refuses new handles, waits until those that are held are released, and unloads all. Can be called again. When
   * the signal aborts, it stops waiting for handles and unloads immediately.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}
