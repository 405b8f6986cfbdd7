/**
 * The source that finds model versions in directories: by polling, by watching, or both.
 *
 * @packageDocumentation
 */
export {
  allVersions as all,
  latestVersions as latest,
  type ServableVersionPolicy,
  specificVersions as specific,
} from "@serving-kit/core";
export type { FilesystemSourceOptions, ServableConfig } from "./config.js";
export { errors as filesystemErrors } from "./errors.js";
export type { FileStats, FileSystem } from "./file-system.js";
export { type FilesystemProviderOptions, filesystemProvider } from "./filesystem-provider.js";
export { FilesystemSource, filesystemSource } from "./filesystem-source.js";
