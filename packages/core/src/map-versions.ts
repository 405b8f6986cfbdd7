import { map } from "rxjs/internal/operators/map";
import type { AspiredVersion } from "./aspired-versions.js";
import { errors } from "./errors.js";
import type { ServableId } from "./servable-id.js";
import type { SourceAdapter } from "./source.js";

/**
 * Makes the adapter that converts the data of each version with a function, version by version.
 *
 * A conversion that throws makes that version an error version (the ServingError itself, or
 * ADAPTER_FAILED with the cause).
 */
export function mapVersions<I, O>(convert: (data: I, id: ServableId) => O): SourceAdapter<I, O> {
  const convertOne = (version: AspiredVersion<I>): AspiredVersion<O> => {
    if ("error" in version) return version;
    try {
      return { ...version, data: convert(version.data, version.id) };
    } catch (error) {
      return { id: version.id, error: errors.adapterFailed(version.id, error) };
    }
  };
  return map((list) => ({ ...list, versions: list.versions.map(convertOne) }));
}
