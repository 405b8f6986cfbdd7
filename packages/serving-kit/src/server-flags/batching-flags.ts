import { path, toggle } from "../flag-kinds.js";
import type { Flag } from "../flags.js";

/** A flag that is on, off, or left to what is proven of a model. */
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
    "Runs requests that arrive at about the same time as one batch: auto for models whose rows are " +
      "proven to be independent, true for all that take batches, as in TF Serving, false for none.",
  ),
  batching_parameters_file: path(
    "file",
    "BatchingParameters in protobuf's text format or in JSON. Without it batches grow by themselves " +
      "while others run. Needs --enable_batching.",
  ),
  enable_per_model_batching_parameters: toggle(
    false,
    "Batches each version as batching_params.pbtxt in its folder says, and not at all without that " +
      "file. --batching_parameters_file then gives only the number of threads. Needs --enable_batching.",
  ),
};
