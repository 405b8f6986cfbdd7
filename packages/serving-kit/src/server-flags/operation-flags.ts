import { decimal, integer, path, paths, toggle, word } from "../flag-kinds.js";

/** TF Serving's flags of operation. */
export const operationFlags = {
  monitoring_config_file: path(
    "file",
    "A MonitoringConfig in protobuf's text format: Prometheus metrics on the port of REST.",
  ),
  version: toggle(false, "Prints the version and ends."),
  help: toggle(false, "Prints this text and ends."),
};

/** Flags beyond TF Serving's of operation. */
export const ownOperationFlags = {
  shutdown_deadline_in_ms: integer(
    "ms",
    20_000,
    [0, 2 ** 31 - 1],
    "How long requests in flight may take after SIGTERM or SIGINT before they are cut off.",
  ),
  lame_duck_in_ms: integer(
    "ms",
    undefined,
    [0, 2 ** 31 - 1],
    "How long the server still answers after a signal while it reports not ready, so that load " +
      "balancers stop sending requests first; ends early if no client is connected. Counts against " +
      "--shutdown_deadline_in_ms. Default: 5000 for SIGTERM, 0 for SIGINT.",
  ),
  model_control: word(
    ["reload", "none"],
    "reload",
    "What clients may do to the models: replace them by HandleReloadConfigRequest, or nothing.",
  ),
  model_roots: paths(
    "path,…",
    "The folders and URIs that clients may load models from, and all below. Default: the parents of the base " +
      "paths of the start, or the base path itself if its parent is / or has no path.",
  ),
  canary: toggle(
    false,
    "Loads and warms each version of a SavedModel or .tflite model in a child process first, so that one that " +
      "crashes the library does not end the server. Costs a second load.",
  ),
  state_dir: path(
    "folder",
    "Where the server remembers which versions ended the process while they were loaded: after two times a version " +
      "is not loaded until its files change. Default: crashes in the cache folder of serving-kit install.",
  ),
  servable_versions_always_present: toggle(
    false,
    "Keeps the versions of a model loaded when its base path can be read and has none any more.",
  ),
  request_log_file: path(
    "file",
    "Logs requests that succeed to this file: JSON lines where it ends in .jsonl, else a TFRecord " +
      "file of PredictionLog, which can be a warm-up file.",
  ),
  request_log_sampling_rate: decimal(
    "share",
    1,
    [0, 1],
    "The share of these requests that is logged.",
  ),
  log_format: word(["text", "json"], "text", "How the server tells what it does, a line each."),
};
