import { decimal, integer, path, paths, toggle, word } from "../flag-kinds.js";

/** TF Serving's flags for operation. */
export const operationFlags = {
  monitoring_config_file: path(
    "file",
    "A MonitoringConfig in protobuf's text format: enables Prometheus metrics on the REST port.",
  ),
  version: toggle(false, "Prints the version and exits."),
  help: toggle(false, "Prints this help and exits."),
};

/** Additional flags for operation, beyond TF Serving's. */
export const ownOperationFlags = {
  shutdown_deadline_in_ms: integer(
    "ms",
    20_000,
    [0, 2 ** 31 - 1],
    "Time for shutdown after SIGTERM or SIGINT; remaining requests are then aborted.",
  ),
  lame_duck_in_ms: integer(
    "ms",
    undefined,
    [0, 2 ** 31 - 1],
    "How long the server keeps answering after a signal while it reports not ready, so that load balancers stop sending requests first. Ends early if no client is connected. Included in --shutdown_deadline_in_ms. Default: 5000 for SIGTERM, 0 for SIGINT.",
  ),
  model_control: word(
    ["reload", "none"],
    "reload",
    "Whether clients may replace the models with HandleReloadConfigRequest: reload allows it, none does not.",
  ),
  model_roots: paths(
    "path,…",
    "The folders and URIs that clients may load models from, including everything under them. Default: the parents of the initial base paths, or the base path itself if its parent is / or has no path.",
  ),
  canary: toggle(
    false,
    "Loads and warms up each version of a SavedModel or .tflite model in a child process first, so that a version that crashes the library does not crash the server. Each version is loaded twice.",
  ),
  state_dir: path(
    "folder",
    "The folder where the server records versions that crashed it during loading. After two crashes, a version is not loaded until its files change. Default: crashes in the cache folder of serving-kit install.",
  ),
  servable_versions_always_present: toggle(
    false,
    "Keeps a model's versions loaded when its base path is readable but no longer contains any version.",
  ),
  request_log_file: path(
    "file",
    "Logs successful requests to this file: JSON lines if the name ends in .jsonl, otherwise a TFRecord file of PredictionLog, which can be used as a warm-up file.",
  ),
  request_log_sampling_rate: decimal(
    "share",
    1,
    [0, 1],
    "The share of successful requests to log, from 0 to 1.",
  ),
  log_format: word(["text", "json"], "text", "The format of the server's log: text or JSON lines."),
};
