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

const ownFlags = {
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

/** The values of the flags that `tflite()` is made of. */
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
