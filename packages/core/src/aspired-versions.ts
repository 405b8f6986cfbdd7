import type { ServingError } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * One version that a source wants loaded: its id with the data to load it from, or with the error
 * that kept the source or an adapter from giving the data.
 */
export type AspiredVersion<T> = AspiredData<T> | AspiredError;

/** An aspired version that can be loaded. */
export interface AspiredData<T> {
  readonly id: ServableId;
  readonly data: T;
  /**
   * Resolves when the data refers to something else than when the version was aspired, or than when `changed`
   * last resolved, and it can be loaded: the files behind a path were replaced. A manager calls it when an
   * attempt to load has failed, and then does not wait for the retry delay. Rejects with the signal's reason
   * if that aborts. Absent if the source cannot tell.
   */
  readonly changed?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** An aspired version that a source or an adapter has no data of. */
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
   * Why there is no version to load and none to wait for, such as a path that does not exist. Only in an
   * empty list. The next list takes it back.
   */
  readonly error?: ServingError;
}

/** Makes the aspired version that carries data. */
export function aspire<T>(id: ServableId, data: T): AspiredVersion<T> {
  return { id, data };
}

/**
 * Calls `listener` once if the data of a version changes. Calls nothing after the returned object is
 * disposed. Internal.
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
  // A source that fails to tell leaves it to the retry delay.
  wait().catch(() => {});
  return { [Symbol.dispose]: () => stop.abort() };
}
