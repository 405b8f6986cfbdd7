import { integer, paths, textOrNone, toggle, word } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { loadingFlags } from "../server-flags/model-flags.js";
import type { PlatformFlags } from "./platform-row.js";

const ownFlags = {
  onnx_file: textOrNone(
    "name",
    "The file of folders with several .onnx files. Default: model.onnx, or the only one.",
  ),
  onnx_threads: integer(
    "count",
    1,
    [1, 1_000],
    "Threads that one run of an ONNX model may use. They do not spin between runs.",
  ),
  onnx_batchable: word(
    ["auto", "true", "false"],
    "auto",
    "Whether calls of ONNX models can be joined. auto: if the file leaves dimension 0 open everywhere and rows do not " +
      "depend on one another, which loading tries on generated rows.",
  ),
  onnx_optimization: word(
    ["none", "basic", "extended", "all"],
    "all",
    "How far ONNX Runtime optimises graphs.",
  ),
  onnx_arena: toggle(
    true,
    "Keeps the memory of runs of ONNX models for later ones. Without it, the largest batch does not decide how " +
      "much memory a model holds.",
  ),
  onnx_execution_providers: paths(
    "name,…",
    "Execution providers of ONNX Runtime in the order of preference, such as CUDA or XNNPACK. The CPU comes last.",
  ),
  onnx_custom_op_libraries: paths(
    "file,…",
    "Libraries with custom operators of ONNX models, such as that of onnxruntime-extensions.",
  ),
};

/** The values of the flags that `onnx()` is made of. */
export type OnnxFlags = FlagValues<typeof ownFlags & typeof loadingFlags>;

/** The flags of ONNX models. */
export const onnxFlags: PlatformFlags = {
  ownFlags,
  flagOfOption: {
    file: "onnx_file",
    batchable: "onnx_batchable",
    customOpLibraries: "onnx_custom_op_libraries",
    providers: "onnx_execution_providers",
  },
  installHelp:
    "onnx: ONNX Runtime, which ONNX models need. Lets pip download its Python package, checks the library in it\n" +
    "and unpacks it with its licences. Not needed if @serving-kit/onnxruntime-<os>-<arch> is installed.",
};
