import { CODES, inSlices, type ServableState } from "@serving-kit/core";
import {
  type CallContext,
  logRefusedReload,
  type ModelConfig,
  type ServerCore,
} from "@serving-kit/server";
import { errors } from "../errors.js";
import { messageOfType } from "./messages.js";
import { readReloadRequest } from "./reload-request.js";

/** The numbers of `ModelVersionStatus.State`. */
const STATES = { start: 10, loading: 20, available: 30, unloading: 40, end: 50 } as const;

interface StatusRequest {
  readonly model_spec: { readonly name: string; readonly version?: { value: string } } | null;
}

const statusRequest = messageOfType<StatusRequest>("GetModelStatusRequest");
const statusResponse = messageOfType("GetModelStatusResponse");
const reloadResponse = messageOfType("ReloadConfigResponse");

/** Time in ms before the deadline of a reload at which its response, with the outcome of each model, is sent. */
const ANSWER_MS = 100;

/** Maximum size of a reload message: it has room for 100,000 models. */
const MAX_RELOAD_BYTES = 16 * 2 ** 20;

/** The name of the method in the log. */
const RELOAD = "HandleReloadConfigRequest";

/** Handles a GetModelStatusRequest: returns the states of all versions of a model, or of one version. */
export function getModelStatus(
  core: ServerCore,
  bytes: Uint8Array,
  { allowance }: CallContext,
): Uint8Array {
  const { model_spec: spec } = statusRequest.decode(bytes, allowance);
  if (!spec) throw errors.requestUnfit("Missing ModelSpec");
  const states = core.versions(spec.name);
  if (!spec.version) {
    if (states.length === 0) throw errors.noVersions(spec.name);
    return statusResponse.encode({ model_version_status: states.map(versionStatus) });
  }
  const version = BigInt(spec.version.value);
  const state = states.find(({ id }) => id.version === version);
  if (state === undefined) throw errors.noVersion(spec.name, version);
  return statusResponse.encode({ model_version_status: [versionStatus(state)] });
}

/** Handles a ReloadConfigRequest: replaces the models, and waits for them until shortly before the deadline. */
export async function handleReload(
  core: ServerCore,
  bytes: Uint8Array,
  context: CallContext,
): Promise<Uint8Array> {
  const { deadlineAtMs, signal, peer = "unknown" } = context;
  const { models, names } = await readReload(core, bytes, { ...context, peer });
  const before = names.length > 0 ? await core.counts(names) : undefined;
  const outcomes = await core.reload(models, {
    method: RELOAD,
    peer,
    ...(signal && { signal }),
    ...(deadlineAtMs !== undefined && {
      timeoutMs: Math.max(0, deadlineAtMs - core.clock.now() - ANSWER_MS),
    }),
  });
  const failed = outcomes.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw errors.reloadFailed(outcomes.length, failed);
  const metric = before ? increases(before, await core.counts(names)) : [];
  return reloadResponse.encode({ status: { error_code: 0 }, metric });
}

/** Reads a reload request. An unreadable one is logged with its peer, like every use of the method. */
async function readReload(
  { logger }: ServerCore,
  bytes: Uint8Array,
  { peer, allowance, signal }: CallContext,
): Promise<{ readonly models: readonly ModelConfig[]; readonly names: readonly string[] }> {
  try {
    if (bytes.length > MAX_RELOAD_BYTES) {
      throw errors.reloadTooLarge(bytes.length, MAX_RELOAD_BYTES);
    }
    const hasGone = () => signal?.throwIfAborted();
    const { models, names } = await inSlices(readReloadRequest(bytes, allowance), hasGone);
    if (models) return { models, names };
    throw errors.requestUnfit(
      "ServerModelConfig type not supported by HandleReloadConfigRequest. Only " +
        "ModelConfigList is currently supported",
    );
  } catch (error) {
    logRefusedReload(`${RELOAD} by ${peer}`, error, logger);
    throw error;
  }
}

/** Returns `Metric` messages with the increases of counters, one for each name. */
function increases(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): readonly object[] {
  return [...after].map(([name, value]) => ({
    name,
    int64_value_increase: Math.round(value - (before.get(name) ?? 0)),
  }));
}

function versionStatus({ id, state, error }: ServableState): object {
  return {
    version: String(id.version),
    state: STATES[state],
    status: { error_code: error ? CODES[error.code] : 0, error_message: error?.message ?? "" },
  };
}
