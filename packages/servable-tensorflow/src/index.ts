/**
 * Serves TensorFlow SavedModels through the C API of libtensorflow.
 *
 * @packageDocumentation
 */
export type { CanaryOptions } from "@serving-kit/native-library";
export { errors as tensorflowErrors } from "./errors.js";
export { formatInspection, type SavedModelInspection } from "./format-inspection.js";
export { checkInstallation, type InstallationCheck } from "./install/check-installation.js";
export type { Installation } from "./install/install-tensorflow.js";
export { examineTensorFlow, libraryReport } from "./library-report.js";
export { INSTALL_COMMAND } from "./native/library.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export { inspectSavedModel, installTensorFlow, readSavedModel } from "./on-demand.js";
export { findOpLibraries, type OpLibraryPackage } from "./op-libraries.js";
export type { TensorFlowOptions } from "./options.js";
export type { MetaGraph } from "./saved-model.js";
export { SavedModelPredictor } from "./saved-model-predictor.js";
export type { GpuOptions, SessionOptions } from "./session-config.js";
export { attachSavedModel } from "./share.js";
export { tensorflow } from "./tensorflow.js";
