/**
 * Serves ONNX models through the C API of ONNX Runtime.
 *
 * @packageDocumentation
 */
export { errors as onnxErrors } from "./errors.js";
export { examineOnnxRuntime, libraryReport } from "./library-report.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export { onnx } from "./onnx.js";
export type { CanaryOptions, ExecutionProvider, OnnxOptions } from "./options.js";
