import type { VersionLabels } from "@serving-kit/core";
import type { Checksum } from "./checksum.js";

/** An object in a listing. */
export interface ObjectInfo {
  /** The key in the store, such as `models/digits/3/model.tflite`. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Identifies the object's bytes: an ETag, a generation or a digest. Opaque; used only for `ifMatch`. */
  readonly tag: string;
  /** The write time in ms since 1970 on the store's clock. Absent if the store does not report it. */
  readonly modifiedMs?: number;
  /** The checksum of all its bytes. Absent unless the listing has it, as that of a registry with digests does. */
  readonly checksum?: Checksum;
}

/** One page of a listing. */
export interface ListPage {
  readonly objects: readonly ObjectInfo[];
  /** With a delimiter: the common prefixes of keys, up to and including the delimiter. */
  readonly prefixes: readonly string[];
  /** True if another page follows. */
  readonly isTruncated: boolean;
  /** The time of the response in ms since 1970 on the store's clock. Absent if the store does not report it. */
  readonly serverTimeMs?: number;
}

/** Options for a listing. */
export interface ListQuery {
  /** The prefix of the keys. `""` lists all. */
  readonly prefix: string;
  /**
   * Keys that contain it after the prefix are listed as `prefixes`, each once. Default: all keys are listed as
   * objects.
   */
  readonly delimiter?: "/";
  readonly signal: AbortSignal;
}

/** The bytes of an object to read. */
export interface ReadQuery {
  /** The `tag` of the listing. */
  readonly ifMatch: string;
  /** The first byte. Default 0. */
  readonly offset?: number;
  /** Maximum number of bytes. Default: all remaining bytes. */
  readonly length?: number;
  readonly signal: AbortSignal;
}

/**
 * The objects of one bucket, container or registry, by keys.
 *
 * A store guarantees:
 * - OJ1 `list` yields the objects whose keys start with the prefix, each once, in pages of any size, and reads no
 *   page before it is requested. For a prefix without objects it yields one empty page.
 * - OJ2 With a delimiter, keys with the delimiter after the prefix are listed only by `prefixes`, each prefix once.
 * - OJ3 When an object is overwritten, its tag changes. Otherwise its tag is the same in every listing.
 * - OJ4 `read` yields exactly the bytes from `offset`, at most `length`, of the object whose tag is `ifMatch`.
 * - OJ5 If the tag of the object has changed, `read` and `checksum` reject with FAILED_PRECONDITION / OBJECT_CHANGED;
 *   if the object was deleted, with NOT_FOUND / OBJECT_NOT_FOUND.
 * - OJ6 If a body ends early because its connection closed, the iteration rejects; a body is never truncated without
 *   an error.
 * - OJ7 `checksum` returns the checksum that the store itself computed or verified when the object was written, or
 *   undefined. It reads no body.
 * - OJ8 For every other failure, calls reject with a ServingError: PERMISSION_DENIED / STORE_ACCESS_DENIED, NOT_FOUND
 *   / BUCKET_NOT_FOUND, or UNAVAILABLE / STORE_UNAVAILABLE. Messages contain no credentials.
 * - OJ9 If the signal aborts, the call or the iteration rejects and frees its connection. An iteration that is
 *   stopped early frees it too.
 */
export interface ObjectStore {
  /** A unique name of the store, such as `https://s3.eu-west-1.amazonaws.com/bucket`, without credentials. */
  readonly id: string;
  list(query: ListQuery): AsyncIterable<ListPage>;
  read(key: string, query: ReadQuery): Promise<AsyncIterable<Uint8Array>>;
  /** Returns the checksum of an object's bytes. Absent if the store has no checksums. */
  checksum?(
    key: string,
    query: Pick<ReadQuery, "ifMatch" | "signal">,
  ): Promise<Checksum | undefined>;
  /**
   * Returns the labels of the versions below a prefix, such as aliases of a registry. Absent if the store has no
   * labels.
   */
  labels?(prefix: string, signal: AbortSignal): Promise<VersionLabels>;
}
