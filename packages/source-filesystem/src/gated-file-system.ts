import { storageGates } from "@serving-kit/core";
import type { FileSystem } from "./file-system.js";

/** The same file system, with each call through the gate of the storage that the path is on. */
export function gatedFileSystem(fileSystem: FileSystem): FileSystem {
  return {
    stat: (path) => storageGates.run(path, () => fileSystem.stat(path)),
    list: (path) => storageGates.run(path, () => fileSystem.list(path)),
    networkOf: (path, device) => fileSystem.networkOf?.(path, device),
    reportsChanges: (path, device) => fileSystem.reportsChanges?.(path, device) ?? false,
  };
}
