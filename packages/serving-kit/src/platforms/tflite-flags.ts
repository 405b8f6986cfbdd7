import { integer, toggle, word } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { loadingFlags } from "../server-flags/model-flags.js";
import type { ownOperationFlags } from "../server-flags/operation-flags.js";
import type { PlatformFlags } from "./platform-row.js";

const servingFlags = {
  num_tflite_pools: integer(
    "count",
    undefined,
    [1, 1_000],
    "Multiplied by --num_tflite_interpreters_per_pool: how many calls to one .tflite model run at the " +
      "same time. Default: 3, at most the number of cores.",
  ),
  num_tflite_interpreters_per_pool: integer(
    "count",
    undefined,
    [1, 1_000],
    "See --num_tflite_pools.",
  ),
};

const ownFlags = {
  tflite_resize_fixed: toggle(
    true,
    "If a request's shape differs from the fixed shape in a .tflite file, resizes the model, as TF Serving does.",
  ),
  tflite_batch: word(
    ["fixed", "resize"],
    "fixed",
    "Batching of .tflite models with a fixed batch size of 1: resize batches them if a test with random inputs at load time finds that their rows are independent.",
  ),
  tflite_state: word(
    ["fresh", "keep"],
    "fresh",
    "Variables of .tflite models: fresh starts each call with their initial values, keep with the values of the previous call. Calls to a model that keeps state run one after another.",
  ),
  tflite_unchecked_ops: word(
    ["refuse", "allow"],
    "refuse",
    "Whether to load .tflite models that use a computed index, size or divisor without checking it. With allow, a client's input may read or write the server's memory through such a model.",
  ),
  tflite_max_tensor_bytes: integer(
    "bytes",
    undefined,
    [1, 2 ** 31 - 1],
    "Maximum size of a tensor in a .tflite model, if the size is known before the run. Default: 1 GiB.",
  ),
};

/** The flag values that `tflite()` is created from. */
export type TfliteFlags = FlagValues<
  typeof servingFlags &
    typeof ownFlags &
    typeof loadingFlags &
    Pick<typeof ownOperationFlags, "canary">
>;

/** The flags of `.tflite` models. */
export const tfliteFlags: PlatformFlags = {
  servingFlags,
  ownFlags,
  flagOfOption: {
    canary: "canary",
    state: "tflite_state",
    uncheckedOps: "tflite_unchecked_ops",
    maxTensorBytes: "tflite_max_tensor_bytes",
    batch: "tflite_batch",
    resizeFixed: "tflite_resize_fixed",
    useXnnpack: undefined,
  },
};
