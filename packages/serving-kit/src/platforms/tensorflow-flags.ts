import { errors } from "../errors.js";
import { decimal, integer, path, paths, text, textOrNone, toggle } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { loadingFlags } from "../server-flags/model-flags.js";
import type { ownOperationFlags } from "../server-flags/operation-flags.js";
import type { PlatformFlags, PlatformSetup } from "./platform-row.js";

const threads = (help: string) => integer("count", 0, [0, 1_000], help);

const servingFlags = {
  saved_model_tags: text("tag,…", "serve", "The tags of the graph to serve from a SavedModel."),
  tensorflow_session_parallelism: threads(
    "Intra-op and inter-op threads of a session; 0 uses the server's defaults.",
  ),
  tensorflow_intra_op_parallelism: threads("Maximum threads for one op; 0 means one per core."),
  tensorflow_inter_op_parallelism: threads(
    "Ops of one call that may run at the same time; 0 means 1, unlike in TF Serving.",
  ),
  tensorflow_session_config_file: path(
    "file",
    "A tensorflow.ConfigProto in protobuf's text format. The flags for threads and the GPU override it.",
  ),
  per_process_gpu_memory_fraction: decimal(
    "fraction",
    0,
    [0, 1],
    "How much of each GPU's memory TensorFlow takes; 0 leaves it to TensorFlow.",
  ),
  mixed_precision: textOrNone(
    "bfloat16",
    "Runs ops in bfloat16 where possible, on CPUs with oneDNN.",
  ),
  prefer_tflite_model: toggle(
    false,
    "If a version has both a SavedModel and a model.tflite, serves model.tflite.",
  ),
};

const ownFlags = {
  tensorflow_op_libraries: paths(
    "file,…",
    "Libraries with custom ops for SavedModels. An installed tensorflow-text or ydf-tf needs no flag.",
  ),
};

/** The flag values that `tensorflow()` is created from. */
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
    "tensorflow: libtensorflow, for SavedModels. Asks pip for the URL of TensorFlow's Python package, downloads\n" +
    "and verifies it, and unpacks its libraries. Without pip, downloads Google's archive of the C library,\n" +
    "which is an older version. Libraries that are already installed are verified and repaired. An\n" +
    "interrupted download resumes when you run the command again, unless only pip can download the\n" +
    "package, for example through pip's own proxy.",
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

/** The settings of a platform config file that flags can also set, taken from the flags. */
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
