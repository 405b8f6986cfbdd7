import type { ServingError } from "./errors.js";
import type { ServableId } from "./servable-id.js";

/**
 * One version that a source wants loaded: its id with the data to load it from, or with the error
 * that kept the source or an adapter from giving the data.
 */
export type AspiredVersion<T> =
  | { readonly id: ServableId; readonly data: T }
  | { readonly id: ServableId; readonly error: ServingError };

/**
 * The complete list of versions of one servable that should now be loaded.
 *
 * A version that an earlier list had and this one omits is to be unloaded; an empty list withdraws
 * the servable. Every id's `name` equals `name`.
 */
export interface AspiredVersions<T> {
  readonly name: string;
  readonly versions: readonly AspiredVersion<T>[];
}

/** Makes the aspired version that carries data. */
export function aspire<T>(id: ServableId, data: T): AspiredVersion<T> {
  return { id, data };
}
