import type { Platform } from "@serving-kit/inference";
import { type TfliteOptions, tflite } from "@serving-kit/servable-tflite";
import type { PlatformSetup } from "./platform-row.js";
import type { TfliteFlags } from "./tflite-flags.js";

/** The platform for `.tflite` models, configured from flags and files, or with defaults. */
export function tfliteOf(setup?: PlatformSetup): Platform {
  return tflite(setup && tfliteOptionsOf(setup));
}

/** Converts flags and files to options of `tflite()`. */
export function tfliteOptionsOf(setup: PlatformSetup): TfliteOptions {
  const flags = setup.flags as TfliteFlags;
  const { warmup, tflitePools, tfliteInterpretersPerPool } = setup.platformConfig ?? {
    warmup: flags.enable_model_warmup,
    tflitePools: flags.num_tflite_pools ?? 0,
    tfliteInterpretersPerPool: flags.num_tflite_interpreters_per_pool ?? 0,
  };
  const isPooled = tflitePools > 0 || tfliteInterpretersPerPool > 0;
  return {
    warmup,
    ...(isPooled && { interpreters: (tflitePools || 1) * (tfliteInterpretersPerPool || 1) }),
    ...(flags.tflite_unchecked_ops === "allow" && { uncheckedOps: "allow" }),
    ...(flags.tflite_max_tensor_bytes !== undefined && {
      maxTensorBytes: flags.tflite_max_tensor_bytes,
    }),
    ...(flags.canary && { canary: {} }),
    resizeFixed: flags.tflite_resize_fixed,
    ...(flags.tflite_batch === "resize" && { batch: "resize" }),
    ...(flags.tflite_state === "keep" && { state: "keep" }),
  };
}
