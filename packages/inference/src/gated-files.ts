import { readdir, stat } from "node:fs/promises";
import { storageGates } from "@serving-kit/core";

type Call = (path: string, options?: object) => Promise<never>;

const gated = <F>(call: F): F => {
  const through: Call = (path, options) =>
    storageGates.run(path, () => (call as unknown as Call)(path, options));
  return through as unknown as F;
};

/**
 * `stat` and `readdir` of `node:fs/promises` for model files. They go through the gate of the path's storage
 * (`storageGates`), so that a file system that hangs blocks only one thread. Use them in platforms.
 */
export const gatedFiles: { readonly stat: typeof stat; readonly readdir: typeof readdir } = {
  stat: gated(stat),
  readdir: gated(readdir),
};
