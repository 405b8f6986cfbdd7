/**
 * Serves ONNX models through the C API of ONNX Runtime.
 *
 * @packageDocumentation
 */
export type { CanaryOptions } from "@serving-kit/native-library";
export { errors as onnxErrors } from "./errors.js";
export { examineOnnxRuntime, libraryReport } from "./library-report.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export { onnx } from "./onnx.js";
export type { ExecutionProvider, OnnxOptions } from "./options.js";
