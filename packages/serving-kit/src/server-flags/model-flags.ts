import { integer, integer64, path, text, textOrNone, toggle, word } from "../flag-kinds.js";

/** TF Serving's flags that say which models are served. */
export const modelFlags = {
  model_name: text(
    "name",
    "default",
    "The name of the model in --model_base_path. Without the flag: the environment's MODEL_NAME.",
  ),
  model_base_path: path(
    "folder",
    "The folder, or the URI, below which the versions of the model are, named by numbers. Without the flag: " +
      "MODEL_BASE_PATH/MODEL_NAME of the environment.",
  ),
  model_config_file: path(
    "file",
    "A ModelServerConfig in protobuf's text format, JSON or YAML, for more than one model; read again " +
      "at SIGHUP. --model_name, --model_base_path and --model_platform are then ignored.",
  ),
  model_config_file_poll_wait_seconds: integer(
    "seconds",
    0,
    [0, 2 ** 31 - 1],
    "How often --model_config_file is read again; 0 for once.",
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
    "Allows version_labels of versions that are not available yet.",
  ),
  enable_signature_method_name_check: toggle(
    false,
    "Classify and Regress need a signature whose method_name is theirs, and Predict one with any of " +
      "the three.",
  ),
};

/** A flag for what TF Serving has in model config files alone. */
export const ownModelFlags = {
  model_platform: textOrNone(
    "name",
    "The platform of the model in --model_base_path, such as tensorflow, tflite, onnx or xgboost. Without the " +
      "flag: the first one that accepts the files.",
  ),
};

/** TF Serving's flags that say how versions are loaded. */
export const loadingFlags = {
  num_load_threads: integer(
    "count",
    undefined,
    [0, 1_000],
    "How many versions load at the same time after start-up; 0 is 1. Default: 2.",
  ),
  num_unload_threads: integer(
    "count",
    undefined,
    [0, 1_000],
    "How many versions unload at the same time; 0 is 1. Default: 2.",
  ),
  max_num_load_retries: integer(
    "count",
    5,
    [0, 2 ** 31 - 1],
    "How often loading a version is tried again after it has failed.",
  ),
  load_retry_interval_micros: integer64(
    "µs",
    60_000_000,
    "The time between these attempts; below 0 is none.",
  ),
  enable_model_warmup: toggle(
    true,
    "Whether a version answers the requests of its assets.extra/tf_serving_warmup_requests before it " +
      "is available (for .tflite: a request of zeros).",
  ),
  num_request_iterations_for_warmup: integer(
    "count",
    0,
    [-(2 ** 31), 1_000_000],
    "How often each of these requests is made; below 1 is once.",
  ),
};

/** TF Serving's flag of all platforms together. */
export const platformFlags = {
  platform_config_file: path(
    "file",
    "A PlatformConfigMap in protobuf's text format. What it may set, and --enable_batching, is then " +
      "taken from it alone.",
  ),
};

/** Flags beyond TF Serving's of models in buckets. */
export const storageFlags = {
  model_cache_dir: path(
    "folder",
    "Where versions from buckets are kept; several servers may share it. Default: " +
      "$XDG_CACHE_HOME/serving-kit/models.",
  ),
  model_cache_max_bytes: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "How many bytes these may have before the least recently used ones that are not loaded are removed. " +
      "Default: half of what is free at the start.",
  ),
  model_ready_marker: text(
    "name",
    undefined,
    "The object that is written last into a version in a bucket. With it, a version that has neither it nor " +
      "SHA256SUMS is not loaded. Default: _READY is enough, and others must not change for 10 seconds.",
  ),
};

/** Flags beyond TF Serving's that say when the server has started, and what versions may take of time and memory. */
export const startUpFlags = {
  load_timeout_in_ms: integer(
    "ms",
    600_000,
    [0, 2 ** 31 - 1],
    "How long the load of a version may make no progress before another gets its slot; 0 for no limit.",
  ),
  unload_timeout_in_ms: integer(
    "ms",
    60_000,
    [0, 2 ** 31 - 1],
    "How long the disposal of a version may hold its slot; 0 for no limit.",
  ),
  max_model_memory: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "Main memory that all loaded models may take, by their estimates or the resources of their configuration. A " +
      "version that does not fit waits. Default: no limit.",
  ),
  start_up_policy: word(
    ["all", "any", "none"],
    "any",
    "When the server is ready: when every model is available (TF Serving's), when one is and every " +
      "other is or has failed, or at once.",
  ),
  start_up_timeout_in_ms: integer(
    "ms",
    undefined,
    [0, 2 ** 31 - 1],
    "How long to wait for that. Default: indefinitely.",
  ),
};
