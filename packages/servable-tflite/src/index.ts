/**
 * Serves `.tflite` models through the TensorFlow Lite C API.
 *
 * @packageDocumentation
 */
export type { CanaryOptions } from "@serving-kit/native-library";
export { describeRuntime, type RuntimeFacts } from "./describe-runtime.js";
export { errors as tfliteErrors } from "./errors.js";
export type { TfliteInspection } from "./inspect-file.js";
export { inspectTflite } from "./inspect-tflite.js";
export { libraryReport } from "./library-report.js";
export type { ModelState } from "./model-state.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export type { UncheckedOperand } from "./operands/guard-operands.js";
export type { TfliteOptions } from "./options.js";
export { tflite } from "./tflite.js";
