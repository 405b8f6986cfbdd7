/**
 * Serves TensorFlow SavedModels through the C API of libtensorflow.
 *
 * @packageDocumentation
 */
export { errors as tensorflowErrors } from "./errors.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export type { TensorFlowOptions } from "./options.js";
export { type MetaGraph, readSavedModel } from "./saved-model.js";
export { SavedModelPredictor } from "./saved-model-predictor.js";
export type { GpuOptions, SessionOptions } from "./session-config.js";
export { attachTensorFlow } from "./share.js";
export { tensorflow } from "./tensorflow.js";
