import { map } from "rxjs/internal/operators/map";
import type { AspiredVersion } from "./aspired-versions.js";
import { errors } from "./errors.js";
import type { ServableId } from "./servable-id.js";
import type { SourceAdapter } from "./source.js";

/**
 * Makes an adapter that converts the data of each version with a function.
 *
 * If the conversion of a version throws, the version is emitted with the ServingError, or with ADAPTER_FAILED and the
 * cause.
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
