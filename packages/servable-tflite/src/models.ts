/** The functions of the platform that read or run a model: they are imported with the first model. */
export { modelCompleteness } from "./completeness.js";
export { inspectFile } from "./inspect-file.js";
export { inspectModel } from "./inspect-model.js";
export { libraryReport } from "./library-report.js";
export { loadModel, openModel } from "./load-model.js";
