import { createHash } from "node:crypto";
import { errors } from "./errors.js";
import type { ObjectInfo, ObjectStore } from "./object-store.js";
import { isSafePath } from "./store-uri.js";

/** A file of a version: an object, and its path in the version's folder. */
export interface VersionFile extends ObjectInfo {
  /** The path relative to the version, with slashes. */
  readonly name: string;
}

/** The objects of a version in one listing. */
export interface VersionListing {
  /** The prefix of the keys, with its slash. */
  readonly prefix: string;
  /** The files, sorted by name. Empty if the version does not exist. */
  readonly files: readonly VersionFile[];
  /** Total size of all files in bytes. */
  readonly sizeBytes: number;
  /** Equal for the same objects of the same store, and only for these. */
  readonly fingerprint: string;
  /** The time at which the newest file was written, on the store's clock. Absent if the store does not report it. */
  readonly newestMs?: number | undefined;
  /** The time of the listing, on the store's clock. Absent if the store does not report it. */
  readonly serverTimeMs?: number | undefined;
}

/** Maximum number of files of a version. */
const MAX_FILES = 100_000;

/** Maximum number of reads of a listing with several pages, until two are equal. */
const MAX_READS = 6;

/**
 * Lists the objects of a version.
 *
 * Pages are read one after the other, so objects that are written meanwhile may be missing. So a listing with several
 * pages is read until two reads are equal: all of its objects then existed between the two.
 *
 * @throws ServingError FAILED_PRECONDITION / VERSION_UNREADABLE for keys that cannot be files; the errors of the
 * store.
 */
export async function listVersion(
  store: ObjectStore,
  prefix: string,
  uri: string,
  signal: AbortSignal,
): Promise<VersionListing> {
  let before: VersionListing | undefined;
  for (let read = 0; read < MAX_READS; read++) {
    const objects: ObjectInfo[] = [];
    let pages = 0;
    let serverTimeMs: number | undefined;
    for await (const page of store.list({ prefix, signal })) {
      objects.push(...page.objects);
      serverTimeMs ??= page.serverTimeMs;
      pages++;
      if (objects.length > MAX_FILES) {
        throw errors.versionUnreadable(uri, `it has more than ${MAX_FILES} objects`);
      }
    }
    const listing = versionListing(store, prefix, uri, objects, serverTimeMs);
    if (pages <= 1 || listing.fingerprint === before?.fingerprint) return listing;
    before = listing;
  }
  throw errors.versionUnsettled(uri);
}

/**
 * Makes the listing of a version from its objects. Ignores folder markers, which are keys that end with a slash.
 *
 * @throws ServingError FAILED_PRECONDITION / VERSION_UNREADABLE for keys that cannot be files.
 */
export function versionListing(
  store: ObjectStore,
  prefix: string,
  uri: string,
  objects: readonly ObjectInfo[],
  serverTimeMs: number | undefined,
): VersionListing {
  const files = objects
    .filter(({ key }) => key.startsWith(prefix) && !key.endsWith("/"))
    .map((object) => ({ ...object, name: object.key.slice(prefix.length) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  checkNames(files, uri);
  const hash = createHash("sha256").update(`${store.id}\n${prefix}\n`);
  let sizeBytes = 0;
  let newestMs: number | undefined;
  for (const { name, sizeBytes: size, tag, modifiedMs } of files) {
    hash.update(`${JSON.stringify([name, size, tag])}\n`);
    sizeBytes += size;
    if (modifiedMs !== undefined) newestMs = Math.max(newestMs ?? 0, modifiedMs);
  }
  const fingerprint = hash.digest("hex");
  return { prefix, files, sizeBytes, fingerprint, newestMs, serverTimeMs };
}

/** Rejects names that lead out of the folder, and files that are also folders of other files. */
function checkNames(files: readonly VersionFile[], uri: string): void {
  const folders = new Set<string>();
  for (const { name } of files) {
    if (!isSafePath(name)) {
      throw errors.versionUnreadable(
        uri,
        `the key ${JSON.stringify(name)} is not a valid file name`,
      );
    }
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
      folders.add(name.slice(0, at));
    }
  }
  const both = files.find(({ name }) => folders.has(name));
  if (both === undefined) return;
  throw errors.versionUnreadable(
    uri,
    `${both.name} is both an object and a folder of other objects`,
  );
}
