/**
 * Serves TensorFlow SavedModels through the C API of libtensorflow.
 *
 * @packageDocumentation
 */
export type { CanaryOptions } from "@serving-kit/native-library";
export { errors as tensorflowErrors } from "./errors.js";
export {
  formatInspection,
  inspectSavedModel,
  type SavedModelInspection,
} from "./inspect-saved-model.js";
export { checkInstallation, type InstallationCheck } from "./install/check-installation.js";
export { type Installation, installTensorFlow } from "./install/install-tensorflow.js";
export { examineTensorFlow, libraryReport } from "./library-report.js";
export { INSTALL_COMMAND } from "./native/library.js";
export { type NativeCounts, nativeCounts } from "./native/native-counts.js";
export { findOpLibraries, type OpLibraryPackage } from "./op-libraries.js";
export type { TensorFlowOptions } from "./options.js";
export { type MetaGraph, readSavedModel } from "./saved-model.js";
export { SavedModelPredictor } from "./saved-model-predictor.js";
export type { GpuOptions, SessionOptions } from "./session-config.js";
export { attachSavedModel } from "./share.js";
export { tensorflow } from "./tensorflow.js";
