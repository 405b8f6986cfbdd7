/**
 * Serves `.tflite` models through the TensorFlow Lite C API.
 *
 * @packageDocumentation
 */
export { errors as tfliteErrors } from "./errors.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export type { CanaryOptions, TfliteOptions } from "./options.js";
export { tflite } from "./tflite.js";
