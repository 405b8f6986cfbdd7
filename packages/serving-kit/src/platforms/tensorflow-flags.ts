import { errors } from "../errors.js";
import { decimal, integer, path, paths, text, textOrNone, toggle } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { loadingFlags } from "../server-flags/model-flags.js";
import type { ownOperationFlags } from "../server-flags/operation-flags.js";
import type { PlatformFlags, PlatformSetup } from "./platform-row.js";

const threads = (help: string) => integer("count", 0, [0, 1_000], help);

const servingFlags = {
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
};

const ownFlags = {
  tensorflow_op_libraries: paths(
    "file,…",
    "Libraries with the ops of SavedModels that TensorFlow does not have. Those of an installed " +
      "tensorflow-text or ydf-tf need no flag.",
  ),
};

/** The values of the flags that `tensorflow()` is made of. */
export type TensorFlowFlags = FlagValues<
  typeof servingFlags &
    typeof ownFlags &
    typeof loadingFlags &
    Pick<typeof ownOperationFlags, "canary">
>;

/** The flags of SavedModels. */
export const tensorflowFlags: PlatformFlags = {
  servingFlags,
  ownFlags,
  flagOfOption: {
    canary: "canary",
    tags: "saved_model_tags",
    opLibraries: "tensorflow_op_libraries",
    library: undefined,
  },
  flagOfFile: { "session config file": "tensorflow_session_config_file" },
  installHelp:
    "tensorflow: libtensorflow, which SavedModels need. Asks pip where TensorFlow's Python package is,\n" +
    "downloads it, checks it and unpacks the libraries in it; without pip, Google's archive of the C\n" +
    "library, which is of an older version. What is there already is checked, and fixed where it is\n" +
    "damaged. Where the connection breaks or this is killed, the download goes on from there when it\n" +
    "is run again; but not where only pip can get it, as through a proxy of pip's own.",
  check(flags) {
    const {
      tensorflow_session_parallelism: both,
      tensorflow_intra_op_parallelism: intra,
      tensorflow_inter_op_parallelism: inter,
    } = flags as TensorFlowFlags;
    if ([both, intra, inter].some((count) => count === 0)) return;
    throw errors.flagsConflict(
      "--tensorflow_session_parallelism, or --tensorflow_intra_op_parallelism and " +
        "--tensorflow_inter_op_parallelism; got all three",
    );
  },
  warnings(setup) {
    const precision = (setup.platformConfig ?? settingsOf(setup)).mixedPrecision;
    if (precision === "" || precision === "bfloat16") return [];
    return [`--mixed_precision=${precision} has no effect: expected bfloat16`];
  },
  prefers: (setup) =>
    (setup.platformConfig ?? settingsOf(setup)).preferTflite ? "tflite" : undefined,
};

/** The part of a platform config file's settings that flags say as well, from the flags. */
export function settingsOf(setup: PlatformSetup) {
  const flags = setup.flags as TensorFlowFlags;
  return {
    tags: flags.saved_model_tags.split(",").filter((tag) => tag !== ""),
    warmup: flags.enable_model_warmup,
    warmupIterations: flags.num_request_iterations_for_warmup,
    mixedPrecision: flags.mixed_precision,
    preferTflite: flags.prefer_tflite_model,
  };
}
