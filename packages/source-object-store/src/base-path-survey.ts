import type { ObjectInfo, ObjectStore } from "./object-store.js";
import { prefixOf, type StoreUri } from "./store-uri.js";
import { type VersionListing, versionListing } from "./version-listing.js";

/** The result of one listing of a base path. */
export interface Survey {
  /** The names right below the base path that objects, or what is left of them, are below. */
  readonly names: readonly string[];
  /** Whether an object is right below the base path. */
  readonly hasObjects: boolean;
  /** Makes the listing of the version of a name, if all objects were listed. */
  readonly versionOf?: (name: string, uri: string) => VersionListing;
}

/** Whether a key is of a file, and not a marker of a folder. */
const isFile = ({ key }: ObjectInfo) => !key.endsWith("/");

/** Lists what is right below a base path. */
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
 * Lists all objects below a base path, if one page has them all; else undefined. For a small model that is one listing
 * instead of one more for each version.
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

/** Whether any object is below a base path. */
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

/** The objects by the name right below the prefix; `""` has those that are there themselves. */
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
