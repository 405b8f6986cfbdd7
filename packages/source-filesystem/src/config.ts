import { isAbsolute, resolve } from "node:path";
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
 *   the working directory when the configuration is given. A directory without such entries, or a file, that
 *   `accepts` takes for a model is version 1.
 * - `isComplete`: asked when the files have settled. While it answers that they are not complete, or does not answer
 *   within half of `lookTimeoutMs`, the version is not loaded. A rejection makes the version an error version.
 * - `accepts`: asked whether a base path without versions is a model itself. Default: it never is. `accepts` of a
 *   platform is such a rule.
 */
export interface ServableConfig extends SourceServable {
  /**
   * The name of a file, such as `_READY`, that the writer of a version puts into its directory at
   * the very end. With it, versions without the file are incomplete and those with it need not
   * settle; `isComplete` is asked all the same. Default: none.
   */
  readonly readyMarker?: string | undefined;
}

/** Options of `filesystemSource`. */
export interface FilesystemSourceOptions {
  /** The servables to find versions of; `reconfigure` replaces them. */
  readonly servables: readonly ServableConfig[];
  /**
   * Milliseconds from one poll of all base paths to the next; 0 polls once, at start. Default 1000, and 20,000 for base paths
   * that are watched on a local file system, whose changes the system reports.
   */
  readonly pollIntervalMs?: number | undefined;
  /** Whether changes of a base path are also noticed at once, by watching. Default true. */
  readonly watch?: boolean | undefined;
  /**
   * For how many milliseconds the files of a version must have been unchanged before it can be
   * complete. Default 1000. Set it above the attribute cache of a network file system (NFS: 3 s)
   * where versions are copied in rather than renamed; 0 takes files as they are.
   */
  readonly settleMs?: number | undefined;
  /** After how many milliseconds a base path that does not answer is reported. Default 5000. */
  readonly lookTimeoutMs?: number | undefined;
  /** Default: `systemClock`. */
  readonly clock?: Clock | undefined;
  /**
   * The time that files are stamped with, in milliseconds since 1970. Used for nothing but to see
   * that files are old at first sight. Default: `Date.now`.
   */
  readonly wallTimeMs?: (() => number) | undefined;
  /** The file system to look at. Default: that of the process. */
  readonly fileSystem?: FileSystem | undefined;
}

/** A ServableConfig with an absolute base path and its defaults filled in. */
export interface ResolvedServable extends ServableConfig {
  readonly versionPolicy: ServableVersionPolicy;
}

/**
 * Checks servables and resolves their paths, by name.
 *
 * @throws TypeError naming the servable, what was expected and what was given.
 */
export function resolveServables(
  servables: readonly ServableConfig[],
): ReadonlyMap<string, ResolvedServable> {
  const resolved = new Map<string, ResolvedServable>();
  for (const servable of servables) {
    const { name, basePath, readyMarker } = servable;
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`servables: expected a name; got ${JSON.stringify(name)}`);
    }
    if (resolved.has(name)) {
      throw new TypeError(`servables: expected each name once; "${name}" is listed several times`);
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
    resolved.set(name, {
      ...servable,
      basePath: isAbsolute(basePath) ? resolve(basePath) : resolve(process.cwd(), basePath),
      versionPolicy: servable.versionPolicy ?? latestVersions(1),
    });
  }
  return resolved;
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
