import { resolve } from "node:path";
import {
  type Clock,
  latestVersions,
  type ServableVersionPolicy,
  type SourceServable,
} from "@serving-kit/core";
import type { FileSystem } from "./file-system.js";

/**
 * One servable whose versions are in a directory.
 *
 * - `basePath`: the directory whose entries named by numbers are the versions. A relative path is resolved against
 *   the working directory when the source is configured. If `accepts` returns true for a directory without such
 *   entries, or for a file, it is version 1.
 * - `isComplete`: called when the files have settled. While it returns that they are not complete, or does not settle
 *   within half of `lookTimeoutMs`, the version is not loaded. If it rejects, the version is emitted with the error.
 * - `accepts`: returns whether a base path without versions is itself a model. Default: it never is. `accepts` of a
 *   platform is such a function.
 */
export interface ServableConfig extends SourceServable {
  /**
   * The name of a file, such as `_READY`, that the publisher of a version writes last into its directory. If set,
   * versions without the file are incomplete, and versions with it need not settle; `isComplete` is called in both
   * cases. Default: none.
   */
  readonly readyMarker?: string | undefined;
}

/** Options for `filesystemSource`. */
export interface FilesystemSourceOptions {
  /** The servables whose versions to find; `reconfigure` replaces them. */
  readonly servables: readonly ServableConfig[];
  /**
   * Interval in ms between polls of all base paths; 0 polls once, at the start. Default 1000; 20,000 for watched base
   * paths on a local file system, whose changes the system reports.
   */
  readonly pollIntervalMs?: number | undefined;
  /** True if base paths are also watched, so that changes are found immediately. Default true. */
  readonly watch?: boolean | undefined;
  /**
   * Time in ms for which the files of a version must be unchanged before it can be complete. Default 1000. If
   * versions are copied into place instead of renamed, set it above the attribute cache time of a network file system
   * (NFS: 3 s). 0 accepts files immediately.
   */
  readonly settleMs?: number | undefined;
  /** Time in ms after which a base path that does not respond is reported. Default 5000. */
  readonly lookTimeoutMs?: number | undefined;
  /** Default: `systemClock`. */
  readonly clock?: Clock | undefined;
  /**
   * The wall clock that stamps files, in ms since 1970. Used only to detect at the first check that files are old.
   * Default: `Date.now`.
   */
  readonly wallTimeMs?: (() => number) | undefined;
  /** The file system to read. Default: that of the process. */
  readonly fileSystem?: FileSystem | undefined;
}

/** A ServableConfig with an absolute base path and its defaults filled in. */
export interface ResolvedServable extends ServableConfig {
  readonly versionPolicy: ServableVersionPolicy;
}

/**
 * Checks servables, and returns them by name. Touches no path, so thousands are checked in a few milliseconds.
 *
 * @throws TypeError with the servable, the expected value and the received value.
 */
export function checkServables(
  servables: readonly ServableConfig[],
): ReadonlyMap<string, ServableConfig> {
  const checked = new Map<string, ServableConfig>();
  for (const servable of servables) {
    const { name, basePath, readyMarker } = servable;
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`servables: expected a name; got ${JSON.stringify(name)}`);
    }
    if (checked.has(name)) {
      throw new TypeError(`servables: expected unique names; got "${name}" more than once`);
    }
    if (typeof basePath !== "string" || basePath === "" || basePath.includes("\0")) {
      throw new TypeError(
        `servable "${name}": expected basePath to be a path; got ${JSON.stringify(basePath)}`,
      );
    }
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(basePath)) {
      throw new TypeError(
        `servable "${name}": expected basePath to be a path of this file system; got the URI ${basePath}`,
      );
    }
    if (readyMarker !== undefined && !/^(?!\.{1,2}$)[^/\\\0]+$/.test(readyMarker)) {
      throw new TypeError(
        `servable "${name}": expected readyMarker to be the name of a file; got ${JSON.stringify(readyMarker)}`,
      );
    }
    checked.set(name, servable);
  }
  return checked;
}

/** Returns a checked servable with an absolute base path and its defaults filled in. */
export function resolveServable(servable: ServableConfig, workingFolder: string): ResolvedServable {
  const { basePath, versionPolicy = latestVersions(1) } = servable;
  return { ...servable, basePath: resolve(workingFolder, basePath), versionPolicy };
}

/** Returns an option in milliseconds, or its default. Throws RangeError unless finite and `>= min`. */
export function milliseconds(
  option: string,
  value: number | undefined,
  fallback: number,
  min = 0,
): number {
  const ms = value ?? fallback;
  if (!Number.isFinite(ms) || ms < min) {
    throw new RangeError(`${option}: expected milliseconds, at least ${min}; got ${ms}`);
  }
  return ms;
}
