import { path, toggle } from "../flag-kinds.js";
import type { Flag } from "../flags.js";

/** A flag that is on, off or `auto`. */
function automatic(help: string): Flag<boolean | "auto"> {
  const { parse } = toggle(false, help);
  return {
    ...{ fallback: "auto", help, expected: "auto, true or false" },
    parse: (value) => (value.toLowerCase() === "auto" ? "auto" : parse(value)),
  };
}

/** TF Serving's flags of batching. */
export const batchingFlags = {
  enable_batching: automatic(
    "Batches requests that arrive at about the same time. auto: only models whose rows are proven to be independent; true: all batchable models, as in TF Serving; false: none.",
  ),
  batching_parameters_file: path(
    "file",
    "BatchingParameters in protobuf's text format or in JSON. Without this file, batches grow while other batches run. Needs --enable_batching.",
  ),
  enable_per_model_batching_parameters: toggle(
    false,
    "Batches each version with the batching_params.pbtxt in its folder; versions without this file are not batched. --batching_parameters_file then only sets the number of threads. Needs --enable_batching.",
  ),
};
