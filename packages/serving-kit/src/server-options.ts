import { join } from "node:path";
import { RAM_BYTES } from "@serving-kit/core";
import { cacheFolder } from "@serving-kit/native-library";
import { jsonlSink, tfRecordSink } from "@serving-kit/observability/request-log";
import { type ModelServerOptions, threadsOf } from "./model-server.js";
import type { ConfigFiles } from "./read-config-files.js";
import type { ServerFlags } from "./server-flags.js";

/**
 * Converts checked flags and files to server options, without platforms: see `runtimeOptionsOf`.
 */
export function serverOptionsOf(
  flags: ServerFlags,
  files: Pick<ConfigFiles, "models" | "batching" | "platform" | "metrics">,
): Omit<ModelServerOptions, "platforms"> {
  return {
    models: files.models,
    startUpPolicy: flags.start_up_policy,
    startUpTimeoutMs: flags.start_up_timeout_in_ms ?? Number.POSITIVE_INFINITY,
    ...pollingOf(flags),
    allowVersionLabelsForUnavailableModels: flags.allow_version_labels_for_unavailable_models,
    servableVersionsAlwaysPresent: flags.servable_versions_always_present,
    stateDir: flags.state_dir || join(cacheFolder(), "crashes"),
    signatureMethodNameCheck: flags.enable_signature_method_name_check,
    serializeAsTensorContent: flags.enable_serialization_as_tensor_content,
    modelControl: flags.model_control,
    ...(flags.model_roots.length > 0 && { modelRoots: flags.model_roots }),
    ...storageOf(flags),
    manager: loadingOf(flags),
    rest: {
      cors: flags.rest_api_enable_cors_support,
      timeoutMs: flags.rest_api_timeout_in_ms || Number.POSITIVE_INFINITY,
      maxBodyBytes: flags.rest_api_max_body_bytes,
    },
    limits: {
      requestMemoryBytes: flags.max_request_memory,
      connections: flags.max_connections,
      stalledAnswerTimeoutMs: flags.stalled_answer_timeout_in_ms || Number.POSITIVE_INFINITY,
      idleStreamTimeoutMs: flags.idle_stream_timeout_in_ms || Number.POSITIVE_INFINITY,
      allowedHosts: flags.allowed_hosts,
    },
    ...batchingOf(flags, files),
    ...(files.metrics && { metrics: files.metrics }),
    ...requestLogOf(flags),
    ...(flags.http_threads > 1 && { threads: threadsOf(flags.http_threads, flags.plugins) }),
  };
}

/** The polling options that the user has set. Each kind of storage has its own defaults. */
function pollingOf({
  file_system_poll_wait_seconds: seconds,
}: ServerFlags): Pick<ModelServerOptions, "pollIntervalMs" | "watch"> {
  return seconds === undefined ? {} : { pollIntervalMs: 1000 * seconds, watch: seconds > 0 };
}

function storageOf(flags: ServerFlags): Pick<ModelServerOptions, "modelCache" | "readyMarker"> {
  const { model_cache_dir: dir, model_cache_max_bytes: maxBytes } = flags;
  const modelCache = { ...(dir !== "" && { dir }), ...(maxBytes !== undefined && { maxBytes }) };
  const readyMarker = flags.model_ready_marker;
  return {
    ...(Object.keys(modelCache).length > 0 && { modelCache }),
    ...(readyMarker !== undefined && { readyMarker }),
  };
}

function loadingOf(flags: ServerFlags): NonNullable<ModelServerOptions["manager"]> {
  const { num_load_threads: loads, num_unload_threads: unloads } = flags;
  return {
    ...(loads !== undefined && { loadConcurrency: Math.max(1, loads) }),
    ...(unloads !== undefined && { unloadConcurrency: Math.max(1, unloads) }),
    loadTimeoutMs: flags.load_timeout_in_ms || Number.POSITIVE_INFINITY,
    unloadTimeoutMs: flags.unload_timeout_in_ms || Number.POSITIVE_INFINITY,
    ...(flags.max_model_memory !== undefined && {
      resourceLimits: { [RAM_BYTES]: flags.max_model_memory },
    }),
    maxLoadRetries: flags.max_num_load_retries,
    loadRetryDelayMs: Math.max(0, flags.load_retry_interval_micros / 1000),
  };
}

type BatchingSettings = Pick<ModelServerOptions, "batching" | "perModelBatchingParameters">;

function batchingOf(
  flags: ServerFlags,
  { batching, platform }: Pick<ConfigFiles, "batching" | "platform">,
): BatchingSettings {
  if (platform) {
    if (platform.batching === undefined) return {};
    const { batching, perModelBatchingParameters } = platform;
    return { batching, perModelBatchingParameters };
  }
  if (flags.enable_batching === "auto") return {};
  if (!flags.enable_batching) return { batching: false };
  const perModelBatchingParameters = flags.enable_per_model_batching_parameters;
  return { batching: batching ?? true, perModelBatchingParameters };
}

function requestLogOf(flags: ServerFlags): Pick<ModelServerOptions, "requestLog"> {
  const { request_log_file: file, request_log_sampling_rate: samplingRate } = flags;
  if (file === "") return {};
  const sink = file.endsWith(".jsonl") ? jsonlSink(file) : tfRecordSink(file);
  return { requestLog: { sink, samplingRate } };
}
