import { integer, paths, textOrNone, toggle, word } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { loadingFlags } from "../server-flags/model-flags.js";
import type { PlatformFlags } from "./platform-row.js";

const ownFlags = {
  onnx_file: textOrNone(
    "name",
    "Which file to load from a folder with several .onnx files. Default: model.onnx, or the only .onnx file.",
  ),
  onnx_threads: integer(
    "count",
    1,
    [1, 1_000],
    "Maximum threads for one run of an ONNX model. Idle threads do not spin.",
  ),
  onnx_batchable: word(
    ["auto", "true", "false"],
    "auto",
    "Whether to batch calls to ONNX models. auto: if dimension 0 of all inputs and outputs is dynamic, and a test with generated rows at load time finds that rows are independent.",
  ),
  onnx_optimization: word(
    ["none", "basic", "extended", "all"],
    "all",
    "ONNX Runtime's graph optimization level.",
  ),
  onnx_arena: toggle(
    true,
    "Reuses the memory of an ONNX model's runs for later runs. If false, frees it, so that a model does not keep the memory of its largest batch.",
  ),
  onnx_execution_providers: paths(
    "name,…",
    "ONNX Runtime's execution providers in order of preference, such as CUDA or XNNPACK. The CPU provider is always last.",
  ),
  onnx_custom_op_libraries: paths(
    "file,…",
    "Libraries with custom ONNX operators, such as the library of onnxruntime-extensions.",
  ),
};

/** The flag values that `onnx()` is created from. */
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
    "onnx: ONNX Runtime, for ONNX models. Downloads its Python package with pip, verifies the library in it\n" +
    "and unpacks it with its licences. Not needed if @serving-kit/onnxruntime-<os>-<arch> is installed.",
};
