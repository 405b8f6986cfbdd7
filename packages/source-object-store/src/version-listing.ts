import { createHash } from "node:crypto";
import { errors } from "./errors.js";
import type { ObjectInfo, ObjectStore } from "./object-store.js";
import { isSafePath } from "./store-uri.js";

/** A file of a version: an object, and its path in the version's folder. */
export interface VersionFile extends ObjectInfo {
  /** Relative, with slashes. */
  readonly name: string;
}

/** The objects of a version as one listing had them. */
export interface VersionListing {
  /** The prefix of the keys, with its slash. */
  readonly prefix: string;
  /** In the order of their names. Empty if the version is not there. */
  readonly files: readonly VersionFile[];
  /** Of all files. */
  readonly sizeBytes: number;
  /** The same for the same objects of the same store, and for no others. */
  readonly fingerprint: string;
  /** When the newest file was written, on the store's clock. Absent if the store does not say. */
  readonly newestMs?: number | undefined;
  /** When it was listed, on the store's clock. Absent if the store does not say. */
  readonly serverTimeMs?: number | undefined;
}

/** How many files a version may have. */
const MAX_FILES = 100_000;

/** How often a listing of several pages is read, until two are the same. */
const MAX_READS = 6;

/**
 * Lists the objects of a version.
 *
 * Pages are read one after the other, so objects that are written meanwhile may be missing: a listing of several
 * pages is read until two are the same. All of its objects were then there between the two.
 *
 * @throws ServingError FAILED_PRECONDITION / VERSION_UNREADABLE for keys that cannot be files; those of the store.
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
 * Makes the listing of a version of its objects. Keys that end with a slash are folder markers and count as none.
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

/** Refuses names that lead elsewhere, and files that are folders of others. */
function checkNames(files: readonly VersionFile[], uri: string): void {
  const folders = new Set<string>();
  for (const { name } of files) {
    if (!isSafePath(name)) {
      throw errors.versionUnreadable(uri, `the key ${JSON.stringify(name)} cannot be a file's`);
    }
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
      folders.add(name.slice(0, at));
    }
  }
  const both = files.find(({ name }) => folders.has(name));
  if (both === undefined) return;
  throw errors.versionUnreadable(uri, `${both.name} is an object and a folder of others`);
}
