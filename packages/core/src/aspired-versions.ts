import type { ServingError } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * One version that a source wants loaded: its id with the data to load it from, or with the error for which the
 * source or an adapter has no data.
 */
export type AspiredVersion<T> = AspiredData<T> | AspiredError;

/** An aspired version that can be loaded. */
export interface AspiredData<T> {
  readonly id: ServableId;
  readonly data: T;
  /**
   * Resolves when the data of the version has changed since the version was aspired, or since `changed` last
   * resolved, and can be loaded: for instance, when the files behind a path were replaced. A manager calls it after a
   * failed load, to retry without waiting for the retry delay. Rejects with the signal's reason if the signal aborts.
   * Absent if the source does not detect changes.
   */
  readonly changed?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** An aspired version for which a source or an adapter has no data. */
export interface AspiredError {
  readonly id: ServableId;
  readonly error: ServingError;
}

/**
 * The complete list of versions of one servable that should now be loaded.
 *
 * A version that an earlier list had and this one omits is unloaded; an empty list withdraws
 * the servable. Every id's `name` equals `name`.
 */
export interface AspiredVersions<T> {
  readonly name: string;
  readonly versions: readonly AspiredVersion<T>[];
  /**
   * Why there is no version to load or to wait for, such as a path that does not exist. Only in an empty list. The
   * next list replaces it.
   */
  readonly error?: ServingError;
}

/** Makes the aspired version that carries data. */
export function aspire<T>(id: ServableId, data: T): AspiredVersion<T> {
  return { id, data };
}

/**
 * Calls `listener` once if the data of a version changes. Never calls it after the returned object was disposed.
 * Internal.
 */
export function onChange(
  version: AspiredVersion<unknown> | undefined,
  listener: () => void,
): Disposable {
  const stop = new AbortController();
  const wait = async () => {
    if (version === undefined || "error" in version || version.changed === undefined) return;
    await version.changed(stop.signal);
    if (!stop.signal.aborted) listener();
  };
  // If the source fails to detect changes, the retry delay applies.
  wait().catch(() => {});
  return { [Symbol.dispose]: () => stop.abort() };
}
