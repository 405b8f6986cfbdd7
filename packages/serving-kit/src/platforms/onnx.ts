import type { Platform } from "@serving-kit/inference";
import { type OnnxOptions, onnx } from "@serving-kit/servable-onnx";
import type { OnnxFlags } from "./onnx-flags.js";
import type { PlatformSetup } from "./platform-row.js";

/** The platform for ONNX models, configured from flags and files, or with defaults. */
export function onnxOf(setup?: PlatformSetup): Platform {
  return onnx(setup && onnxOptionsOf(setup));
}

/** Converts flags and files to options of `onnx()`. */
export function onnxOptionsOf({ flags: all, platformConfig }: PlatformSetup): OnnxOptions {
  const flags = all as OnnxFlags;
  const { onnx_execution_providers: providers, onnx_custom_op_libraries: libraries } = flags;
  return {
    warmup: (platformConfig ?? { warmup: flags.enable_model_warmup }).warmup,
    threads: flags.onnx_threads,
    optimization: flags.onnx_optimization,
    arena: flags.onnx_arena,
    ...(flags.onnx_file !== "" && { file: flags.onnx_file }),
    ...(flags.onnx_batchable !== "auto" && { batchable: flags.onnx_batchable === "true" }),
    ...(providers.length > 0 && { providers }),
    ...(libraries.length > 0 && { customOpLibraries: libraries }),
  };
}
