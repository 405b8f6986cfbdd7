import type { TensorFlowOptions } from "@serving-kit/servable-tensorflow";
import type { TfliteOptions } from "@serving-kit/servable-tflite";
import type { ConfigFiles } from "./config-files/read-config-files.js";
import { bfloat16Config } from "./config-files/session-config-file.js";
import type { ServerFlags } from "./server-flags.js";

/** How the built-in platforms load and run models. */
export interface RuntimeOptions {
  readonly tensorflow: TensorFlowOptions;
  readonly tflite: TfliteOptions;
  /** Whether a version that is a SavedModel and has a `model.tflite` is served as the latter. */
  readonly prefersTflite: boolean;
}

/**
 * The options of the built-in platforms that the flags stand for. A platform config file takes the
 * place of all flags that it can say, as in TF Serving. The flags are checked.
 */
export function runtimeOptionsOf(
  flags: ServerFlags,
  { session, platform }: Pick<ConfigFiles, "session" | "platform">,
): RuntimeOptions {
  const {
    tensorflow_session_parallelism: both,
    tensorflow_intra_op_parallelism: intra,
    tensorflow_inter_op_parallelism: inter,
  } = flags;
  const areApart = intra > 0 || inter > 0;
  const threads = platform ? [0, 0] : areApart ? [intra, inter] : [both, both];
  const [intraOpThreads = 0, interOpThreads = 0] = threads;
  const memoryFraction = platform ? 0 : flags.per_process_gpu_memory_fraction;
  const {
    tags,
    warmup,
    warmupIterations: iterations,
    mixedPrecision,
    preferTflite,
    tflitePools: pools,
    tfliteInterpretersPerPool: perPool,
  } = platform ?? settingsOf(flags);
  const settings = platform?.session ?? session ?? {};
  const isBfloat16 = mixedPrecision === "bfloat16";
  const configs = [...(isBfloat16 ? [bfloat16Config()] : []), settings.sessionConfig ?? []];
  const sessionConfig = Buffer.concat(configs.map((config) => Uint8Array.from(config)));
  const interpreters = pools > 0 || perPool > 0 ? (pools || 1) * (perPool || 1) : undefined;
  return {
    tensorflow: {
      ...(tags.length > 0 && { tags }),
      ...(sessionConfig.length > 0 && { sessionConfig }),
      ...(settings.interOpThreads !== undefined && { interOpThreads: settings.interOpThreads }),
      ...(intraOpThreads > 0 && { intraOpThreads }),
      ...(interOpThreads > 0 && { interOpThreads }),
      ...(memoryFraction > 0 && { gpu: { memoryFraction } }),
      ...(flags.tensorflow_op_libraries.length > 0 && {
        opLibraries: flags.tensorflow_op_libraries,
      }),
      warmup: warmup ? "file" : "none",
      ...(iterations > 1 && { warmupIterations: iterations }),
    },
    tflite: {
      warmup,
      ...(interpreters !== undefined && { interpreters }),
      ...(flags.tflite_unchecked_ops === "allow" && { uncheckedOps: "allow" }),
      ...(flags.tflite_max_tensor_bytes !== undefined && {
        maxTensorBytes: flags.tflite_max_tensor_bytes,
      }),
      resizeFixed: flags.tflite_resize_fixed,
      ...(flags.tflite_batch === "resize" && { batch: "resize" }),
      ...(flags.tflite_state === "keep" && { state: "keep" }),
    },
    prefersTflite: preferTflite,
  };
}

/** What a platform config file can say too, from the flags. */
function settingsOf(flags: ServerFlags) {
  return {
    tags: flags.saved_model_tags.split(",").filter((tag) => tag !== ""),
    warmup: flags.enable_model_warmup,
    warmupIterations: flags.num_request_iterations_for_warmup,
    mixedPrecision: flags.mixed_precision,
    preferTflite: flags.prefer_tflite_model,
    tflitePools: flags.num_tflite_pools ?? 0,
    tfliteInterpretersPerPool: flags.num_tflite_interpreters_per_pool ?? 0,
  };
}
