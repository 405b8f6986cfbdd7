import { integer, integer64, path, text, textOrNone, toggle, word } from "../flag-kinds.js";

/** TF Serving's flags for choosing models. */
export const modelFlags = {
  model_name: text(
    "name",
    "default",
    "The name of the model in --model_base_path. Default: the environment variable MODEL_NAME.",
  ),
  model_base_path: path(
    "folder",
    "The folder or URI that contains the numbered versions of the model. Default: MODEL_BASE_PATH/MODEL_NAME from the environment variables.",
  ),
  model_config_file: path(
    "file",
    "A ModelServerConfig in protobuf's text format, JSON or YAML, for more than one model; read again on SIGHUP. --model_name, --model_base_path and --model_platform are then ignored.",
  ),
  model_config_file_poll_wait_seconds: integer(
    "seconds",
    0,
    [0, 2 ** 31 - 1],
    "Interval in seconds at which --model_config_file is read again; 0 reads it once.",
  ),
  file_system_poll_wait_seconds: integer(
    "seconds",
    undefined,
    [0, 2 ** 31 - 1],
    "How often to poll for versions, besides watching folders; 0 polls once, without watching. Default: 1 for " +
      "folders; other storage has its own.",
  ),
  allow_version_labels_for_unavailable_models: toggle(
    false,
    "Allows version_labels for versions that are not available yet.",
  ),
  enable_signature_method_name_check: toggle(
    false,
    "Requires that Classify and Regress use a signature with the matching method_name, and Predict a signature with one of the three method names.",
  ),
};

/** A flag for a setting that TF Serving supports only in model config files. */
export const ownModelFlags = {
  model_platform: textOrNone(
    "name",
    "The platform of the model in --model_base_path, such as tensorflow, tflite, onnx or xgboost. Default: the first platform that accepts the files.",
  ),
};

/** TF Serving's flags for loading versions. */
export const loadingFlags = {
  num_load_threads: integer(
    "count",
    undefined,
    [0, 1_000],
    "How many versions load at the same time after start-up; 0 means 1. Default: 2.",
  ),
  num_unload_threads: integer(
    "count",
    undefined,
    [0, 1_000],
    "How many versions unload at the same time; 0 means 1. Default: 2.",
  ),
  max_num_load_retries: integer(
    "count",
    5,
    [0, 2 ** 31 - 1],
    "Maximum number of retries after loading a version has failed.",
  ),
  load_retry_interval_micros: integer64(
    "µs",
    60_000_000,
    "The time between retries; negative values mean none.",
  ),
  enable_model_warmup: toggle(
    true,
    "Whether to run the requests in a version's assets.extra/tf_serving_warmup_requests before it becomes available (for .tflite: a request of zeros).",
  ),
  num_request_iterations_for_warmup: integer(
    "count",
    0,
    [-(2 ** 31), 1_000_000],
    "How many times each warm-up request runs; values below 1 mean once.",
  ),
};

/** TF Serving's flag for the settings of all platforms. */
export const platformFlags = {
  platform_config_file: path(
    "file",
    "A PlatformConfigMap in protobuf's text format. It overrides --enable_batching and all flags for settings that such a file can contain.",
  ),
};

/** Additional flags for models in buckets. */
export const storageFlags = {
  model_cache_dir: path(
    "folder",
    "The folder for versions downloaded from buckets; several servers may share it. Default: " +
      "$XDG_CACHE_HOME/serving-kit/models.",
  ),
  model_cache_max_bytes: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "Maximum size of the model cache in bytes; beyond it, the least recently used versions that are not loaded are removed. Default: half of the free space at start-up.",
  ),
  model_ready_marker: text(
    "name",
    undefined,
    "The name of the object that is uploaded last into a version in a bucket. If set, versions with neither this object nor SHA256SUMS are not loaded. If not set, versions with _READY load immediately, and other versions when they have not changed for 10 seconds.",
  ),
};

/** Additional flags for start-up, time limits and memory limits. */
export const startUpFlags = {
  load_timeout_in_ms: integer(
    "ms",
    600_000,
    [0, 2 ** 31 - 1],
    "Time without progress after which a loading version loses its load slot; 0 disables the limit.",
  ),
  unload_timeout_in_ms: integer(
    "ms",
    60_000,
    [0, 2 ** 31 - 1],
    "How long disposing a version may occupy an unload slot; 0 disables the limit.",
  ),
  max_model_memory: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "Total main memory for loaded models, from their estimates or the resources in their configuration. A version that does not fit waits. Default: no limit.",
  ),
  start_up_policy: word(
    ["all", "any", "none"],
    "any",
    "When the server is ready. all: every model is available (TF Serving's policy); any: at least one model is available and the others are available or failed; none: immediately.",
  ),
  start_up_timeout_in_ms: integer(
    "ms",
    undefined,
    [0, 2 ** 31 - 1],
    "How long to wait for --start_up_policy. Default: indefinitely.",
  ),
};
