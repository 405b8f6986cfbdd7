import type { ObjectInfo, ObjectStore } from "./object-store.js";
import { prefixOf, type StoreUri } from "./store-uri.js";
import { type VersionListing, versionListing } from "./version-listing.js";

/** The result of one listing of a base path. */
export interface Survey {
  /** The names directly below the base path that have objects below them, or had some. */
  readonly names: readonly string[];
  /** True if an object is directly below the base path. */
  readonly hasObjects: boolean;
  /** Returns the listing of the version of a name. Absent unless all objects were listed. */
  readonly versionOf?: (name: string, uri: string) => VersionListing;
}

/** Returns whether a key belongs to a file, and is not a folder marker. */
const isFile = ({ key }: ObjectInfo) => !key.endsWith("/");

/** Lists the names directly below a base path. */
export async function surveyBasePath(
  store: ObjectStore,
  uri: StoreUri,
  signal: AbortSignal,
): Promise<Survey> {
  const prefix = prefixOf(uri);
  const names: string[] = [];
  let hasObjects = false;
  for await (const page of store.list({ prefix, delimiter: "/", signal })) {
    names.push(...page.prefixes.map((name) => name.slice(prefix.length, -1)));
    hasObjects ||= page.objects.some(isFile);
  }
  return { names, hasObjects };
}

/**
 * Lists all objects below a base path; returns undefined if they do not fit in one page. For a small model this is a
 * single listing instead of another one for each version.
 */
export async function surveyObjects(
  store: ObjectStore,
  uri: StoreUri,
  signal: AbortSignal,
): Promise<Survey | undefined> {
  const prefix = prefixOf(uri);
  for await (const { isTruncated, objects, serverTimeMs } of store.list({ prefix, signal })) {
    if (isTruncated) return undefined;
    const byName = byNames(objects, prefix);
    const names = [...byName.keys()].filter((name) => name !== "");
    return {
      names,
      hasObjects: (byName.get("") ?? []).some(isFile),
      versionOf: (name, shown) =>
        versionListing(store, `${prefix}${name}/`, shown, byName.get(name) ?? [], serverTimeMs),
    };
  }
  return { names: [], hasObjects: false };
}

/** Returns whether there is any object below a base path. */
export async function hasObjectsBelow(
  store: ObjectStore,
  uri: StoreUri,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { objects } of store.list({ prefix: prefixOf(uri), signal })) {
    if (objects.some(isFile)) return true;
  }
  return false;
}

/** Returns the objects by the name directly below the prefix; `""` has those directly below it. */
function byNames(objects: readonly ObjectInfo[], prefix: string): Map<string, ObjectInfo[]> {
  const groups = new Map<string, ObjectInfo[]>();
  for (const object of objects) {
    const name = object.key.slice(
      prefix.length,
      Math.max(prefix.length, endOf(object.key, prefix)),
    );
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [object]);
    else group.push(object);
  }
  return groups;
}

const endOf = (key: string, prefix: string) => key.indexOf("/", prefix.length);
