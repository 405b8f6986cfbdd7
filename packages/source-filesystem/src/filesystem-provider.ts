import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceContext, SourceProvider } from "@serving-kit/core";
import type { FilesystemSourceOptions } from "./config.js";
import { filesystemSource } from "./filesystem-source.js";

/** Options for `filesystemProvider` that a server does not set itself. */
export type FilesystemProviderOptions = Pick<
  FilesystemSourceOptions,
  "lookTimeoutMs" | "wallTimeMs" | "fileSystem"
>;

/**
 * The provider of the file system: base paths that are not URIs, and `file:` URIs.
 *
 * A relative path is resolved against the working directory. By default it watches folders, and polls those that
 * cannot be watched every second.
 */
export function filesystemProvider(options: FilesystemProviderOptions = {}): SourceProvider {
  return {
    schemes: ["file"],
    resolve: (basePath) => resolve(isFileUri(basePath) ? pathOf(basePath) : basePath),
    create({ servables, clock, pollIntervalMs, watch, settleMs }: SourceContext) {
      return filesystemSource({
        ...options,
        servables,
        clock,
        ...(pollIntervalMs !== undefined && { pollIntervalMs }),
        ...(watch !== undefined && { watch }),
        ...(settleMs !== undefined && { settleMs }),
      });
    },
  };
}

const isFileUri = (basePath: string) => /^file:/i.test(basePath);

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw new TypeError(`expected a file: URI of this machine, such as file:///models; got ${uri}`);
  }
}
