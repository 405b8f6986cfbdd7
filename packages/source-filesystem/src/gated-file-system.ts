import { storageGates } from "@serving-kit/core";
import type { FileSystem } from "./file-system.js";

/** Returns the file system with each call going through the storage gate of its path. */
export function gatedFileSystem(fileSystem: FileSystem): FileSystem {
  return {
    stat: (path) => storageGates.run(path, () => fileSystem.stat(path)),
    list: (path) => storageGates.run(path, () => fileSystem.list(path)),
    networkOf: (path, device) => fileSystem.networkOf?.(path, device),
    reportsChanges: (path, device) => fileSystem.reportsChanges?.(path, device) ?? false,
  };
}
