/**
 * The source that finds model versions in directories: by polling, by watching, or both.
 *
 * @packageDocumentation
 */
export type { FilesystemSourceOptions, ServableConfig } from "./config.js";
export { errors as filesystemErrors } from "./errors.js";
export type { FileStats, FileSystem } from "./file-system.js";
export { FilesystemSource, filesystemSource } from "./filesystem-source.js";
export type { FilesystemProblem, FilesystemSourceEvent } from "./problems.js";
export { all, latest, type ServableVersionPolicy, specific } from "./servable-version-policy.js";
