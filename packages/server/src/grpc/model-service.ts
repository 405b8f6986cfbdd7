import { isAbsolute } from "node:path";
import { CODES, type Logger, type ServableState } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import {
  labelsFromFields,
  policyFromFields,
  type VersionPolicyFields,
} from "../config/version-fields.js";
import { errors } from "../errors.js";
import { reportedStates } from "../models/reported-states.js";
import { RELOAD_METHOD, tellRefused } from "../models/tell-reload.js";
import { codecOf } from "./codec.js";
import type { GrpcHost } from "./grpc-host.js";
import type { UnaryHandler } from "./unary.js";

/** The numbers of `ModelVersionStatus.State`. */
const STATES = { start: 10, loading: 20, available: 30, unloading: 40, end: 50 } as const;

interface StatusRequest {
  readonly model_spec: { readonly name: string; readonly version?: { value: string } } | null;
}

/** A `ModelConfig` message as protobufjs gives it. */
interface ModelConfigMessage {
  readonly name: string;
  readonly base_path: string;
  readonly model_platform: string;
  readonly model_version_policy: VersionPolicyFields | null;
  readonly version_labels?: Readonly<Record<string, string>>;
}

interface ReloadRequest {
  readonly metric_names: readonly string[];
  readonly config: {
    readonly model_config_list?: { readonly config: readonly ModelConfigMessage[] };
  } | null;
}

const statusRequest = codecOf<StatusRequest>("tensorflow.serving.GetModelStatusRequest");
const statusResponse = codecOf("tensorflow.serving.GetModelStatusResponse");
const reloadRequest = codecOf<ReloadRequest>("tensorflow.serving.ReloadConfigRequest");
const reloadResponse = codecOf("tensorflow.serving.ReloadConfigResponse");

/** So long before the deadline of a reload its answer is on the way, with what became of each model. */
const ANSWER_MS = 100;

/** The methods of `tensorflow.serving.ModelService` by name. */
export function modelService({ core, reload, counts }: GrpcHost): Record<string, UnaryHandler> {
  return {
    GetModelStatus(bytes) {
      const { model_spec: spec } = statusRequest.decode(bytes);
      if (!spec) throw errors.requestUnfit("Missing ModelSpec");
      const states = reportedStates(core, spec.name);
      if (!spec.version) {
        if (states.length === 0) throw errors.noVersions(spec.name);
        return statusResponse.encode({ model_version_status: states.map(versionStatus) });
      }
      const version = BigInt(spec.version.value);
      const state = states.find(({ id }) => id.version === version);
      if (state === undefined) throw errors.noVersion(spec.name, version);
      return statusResponse.encode({ model_version_status: [versionStatus(state)] });
    },

    async HandleReloadConfigRequest(bytes, { deadlineAtMs, signal, peer = "unknown" }) {
      const { models, names } = readReload(bytes, peer, core.logger);
      const before = names.length > 0 ? await counts(names) : undefined;
      const outcomes = await reload(models, {
        peer,
        ...(signal && { signal }),
        ...(deadlineAtMs !== undefined && {
          timeoutMs: Math.max(0, deadlineAtMs - core.clock.now() - ANSWER_MS),
        }),
      });
      const failed = outcomes.filter(({ error }) => error !== undefined);
      if (failed.length > 0) throw errors.reloadFailed(outcomes.length, failed);
      const metric = before ? increases(before, await counts(names)) : [];
      return reloadResponse.encode({ status: { error_code: 0 }, metric });
    },
  };
}

/** Reads a reload. One that cannot be read is logged with its peer, as every use of the method. */
function readReload(bytes: Uint8Array, peer: string, logger: Logger) {
  try {
    const { config, metric_names: names } = reloadRequest.decode(bytes);
    const list = config?.model_config_list;
    if (list) return { models: list.config.map(modelConfig), names };
    throw errors.requestUnfit(
      "ServerModelConfig type not supported by HandleReloadConfigRequest. Only " +
        "ModelConfigList is currently supported",
    );
  } catch (error) {
    tellRefused(`${RELOAD_METHOD} by ${peer}`, error, logger);
    throw error;
  }
}

/** The `Metric` messages of what was counted meanwhile, each name once. */
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

function modelConfig(message: ModelConfigMessage): ModelConfig {
  const { name, base_path: basePath, model_platform: platform, version_labels } = message;
  // What looks like an address is refused with the reason, as everywhere.
  if (!isAbsolute(basePath) && !basePath.includes("://")) {
    throw errors.requestUnfit(
      `Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`,
    );
  }
  const versionPolicy = policyFromFields(
    message.model_version_policy,
    `model ${name}: model_version_policy`,
  );
  return {
    name,
    basePath,
    ...(platform && { platform }),
    ...(versionPolicy && { versionPolicy }),
    ...(version_labels && {
      labels: labelsFromFields(version_labels, `model ${name}: version_labels`),
    }),
  };
}
