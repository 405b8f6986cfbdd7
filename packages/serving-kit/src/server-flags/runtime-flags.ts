import { decimal, integer, path, paths, text, textOrNone, toggle, word } from "../flag-kinds.js";

const threads = (help: string) => integer("count", 0, [0, 1_000], help);

/** TF Serving's flags of TensorFlow and TensorFlow Lite. */
export const runtimeFlags = {
  saved_model_tags: text("tag,…", "serve", "The tags of the graph of a SavedModel that is served."),
  tensorflow_session_parallelism: threads(
    "Threads of a session, both kinds; 0 leaves them to the server.",
  ),
  tensorflow_intra_op_parallelism: threads("Threads that one op may use; 0 is one for each core."),
  tensorflow_inter_op_parallelism: threads(
    "Ops of one call that may run at the same time; 0 is 1, unlike in TF Serving.",
  ),
  tensorflow_session_config_file: path(
    "file",
    "A tensorflow.ConfigProto in protobuf's text format. The flags of threads and of the GPU go " +
      "before it.",
  ),
  platform_config_file: path(
    "file",
    "A PlatformConfigMap in protobuf's text format. What it may set, and --enable_batching, is then " +
      "taken from it alone.",
  ),
  per_process_gpu_memory_fraction: decimal(
    "fraction",
    0,
    [0, 1],
    "How much of each GPU's memory TensorFlow takes; 0 leaves it to TensorFlow.",
  ),
  mixed_precision: textOrNone("bfloat16", "Runs what it can in bfloat16, on CPUs with oneDNN."),
  prefer_tflite_model: toggle(
    false,
    "Serves model.tflite where a version has it beside a SavedModel.",
  ),
  num_tflite_pools: integer(
    "count",
    undefined,
    [1, 1_000],
    "How many calls of one .tflite model run at the same time, times --num_tflite_interpreters_per_pool." +
      " Default: 3, and not more than the cores.",
  ),
  num_tflite_interpreters_per_pool: integer(
    "count",
    undefined,
    [1, 1_000],
    "See --num_tflite_pools.",
  ),
};

/** How models run, beyond TF Serving's flags. */
export const ownRuntimeFlags = {
  tflite_resize_fixed: toggle(
    true,
    "Resizes .tflite models to the extents of a request where the file fixes others, as TF Serving does.",
  ),
  tflite_batch: word(
    ["fixed", "resize"],
    "fixed",
    "Batching of .tflite models with a fixed batch of 1: resize batches them if their rows are " +
      "independent, which loading tries on random inputs.",
  ),
  tensorflow_op_libraries: paths(
    "file,…",
    "Libraries with the ops of SavedModels that TensorFlow does not have. Those of an installed " +
      "tensorflow-text or ydf-tf need no flag.",
  ),
  tflite_state: word(
    ["fresh", "keep"],
    "fresh",
    "Variables of .tflite models: each call starts with their initial values, or with the values " +
      "that the call before left. Calls of a model that keeps state run one after another.",
  ),
  tflite_unchecked_ops: word(
    ["refuse", "allow"],
    "refuse",
    "Whether .tflite models load that compute an index, size or divisor which nothing checks before " +
      "it is used. `allow` lets a client's input reach the server's memory in such a model.",
  ),
  tflite_max_tensor_bytes: integer(
    "bytes",
    undefined,
    [1, 2 ** 31 - 1],
    "The largest tensor of a .tflite model, where its size is known before the run. Default: 1 GiB.",
  ),
};
