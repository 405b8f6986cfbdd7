/**
 * Serves models written in Python, in worker processes whose crashes affect nothing else.
 *
 * @packageDocumentation
 */
export { errors as pythonErrors } from "./errors.js";
export type { PythonModelOptions, PythonOptions } from "./options.js";
export { python } from "./python.js";
