import type { ServableRequest, ServableState } from "@serving-kit/core";
import type { ServerCore } from "@serving-kit/server";
import { errors } from "../errors.js";

/**
 * Returns the status of a model's versions in TF Serving's form, newest first, or of one version if the request names
 * one. A label is ignored, as in TF Serving.
 *
 * @throws ServingError NOT_FOUND / MODEL_NOT_FOUND or VERSION_NOT_FOUND with TF Serving's text.
 */
export function modelStatus(core: ServerCore, { name, version }: ServableRequest): object {
  const states = core.versions(name);
  if (version === undefined) {
    if (states.length === 0) throw errors.noVersions(name);
    return { model_version_status: states.map(versionStatus) };
  }
  const state = states.find(({ id }) => id.version === BigInt(version));
  if (state === undefined) throw errors.noVersion(name, BigInt(version));
  return { model_version_status: [versionStatus(state)] };
}

/** Returns all models that are configured or still have versions, with their URIs if remote, versions and labels. */
export function modelList(core: ServerCore): object {
  const names = new Set(core.modelNames());
  for (const { id } of core.versions()) names.add(id.name);
  const uris = core.modelUris();
  const models = [...names].map((name) => ({
    name,
    ...(uris.has(name) && { uri: uris.get(name) }),
    version_labels: Object.fromEntries(
      [...core.labels(name)].flatMap(([label, { version }]) =>
        version === undefined ? [] : [[label, String(version)]],
      ),
    ),
    model_version_status: core.versions(name).map(versionStatus),
  }));
  return { models };
}

function versionStatus({ id, state, error }: ServableState): object {
  return {
    version: String(id.version),
    state: state.toUpperCase(),
    status: { error_code: error?.code ?? "OK", error_message: error?.message ?? "" },
  };
}
