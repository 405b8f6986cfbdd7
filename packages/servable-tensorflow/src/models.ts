/** The functions of the platform that read or run a model: they are imported with the first model. */
export { savedModelCompleteness } from "./completeness.js";
export { inspectSavedModel } from "./inspect-saved-model.js";
export { libraryReport } from "./library-report.js";
export { loadSavedModel } from "./load-saved-model.js";
export { openTensorFlow } from "./native/library.js";
export { takeStatus } from "./native/status.js";
export { readSavedModel } from "./saved-model.js";
