import type { VersionLabels } from "@serving-kit/core";
import type { Checksum } from "./checksum.js";

/** An object as a listing has it. */
export interface ObjectInfo {
  /** The key in the store, such as `models/digits/3/model.tflite`. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Identifies the object's bytes: an ETag, a generation or a digest. Opaque; only `ifMatch` takes it. */
  readonly tag: string;
  /** When the object was written, in ms since 1970 on the store's clock. Absent if the store does not say. */
  readonly modifiedMs?: number;
  /** The checksum of all its bytes, if a listing has it: that of a registry of digests does. */
  readonly checksum?: Checksum;
}

/** A part of a listing. */
export interface ListPage {
  readonly objects: readonly ObjectInfo[];
  /** With a delimiter: what keys have in common up to the delimiter, which it ends with. */
  readonly prefixes: readonly string[];
  /** Whether another page follows. */
  readonly isTruncated: boolean;
  /** The time of the answer in ms since 1970 on the store's clock. Absent if the store does not say. */
  readonly serverTimeMs?: number;
}

/** Which objects are listed. */
export interface ListQuery {
  /** The start of the keys. `""` lists all. */
  readonly prefix: string;
  /** Lists keys that have it after the prefix as `prefixes`, each once. Default: all are objects. */
  readonly delimiter?: "/";
  readonly signal: AbortSignal;
}

/** Which bytes of an object are read. */
export interface ReadQuery {
  /** The `tag` of the listing. */
  readonly ifMatch: string;
  /** The first byte. Default 0. */
  readonly offset?: number;
  /** How many bytes at most. Default: all that follow. */
  readonly length?: number;
  readonly signal: AbortSignal;
}

/**
 * The objects of one bucket, container or registry, by keys.
 *
 * A store guarantees:
 * - OJ1 `list` yields the objects whose keys start with the prefix, each once, in pages of any size, and reads no page
 *   before it is requested. A prefix without objects is one page without any.
 * - OJ2 With a delimiter, keys with a delimiter after the prefix are listed by `prefixes` alone, each prefix once.
 * - OJ3 An object that is written again has another tag. One that is not has the same in every listing.
 * - OJ4 `read` yields exactly the bytes from `offset`, at most `length`, of the object whose tag is `ifMatch`.
 * - OJ5 If the object has another tag by then, `read` and `checksum` reject with FAILED_PRECONDITION / OBJECT_CHANGED; if
 *   it is gone, with NOT_FOUND / OBJECT_NOT_FOUND.
 * - OJ6 A body that ends early, by a closed connection, rejects the iteration; it is never shorter without an error.
 * - OJ7 `checksum` returns what the store itself computed or checked when the object was written, or undefined. It reads
 *   no body.
 * - OJ8 Every other failure rejects with a ServingError: PERMISSION_DENIED / STORE_ACCESS_DENIED, NOT_FOUND /
 *   BUCKET_NOT_FOUND, or UNAVAILABLE / STORE_UNAVAILABLE. No message has a credential.
 * - OJ9 If the signal aborts, the call or the iteration rejects, and its connection is freed. An iteration that is
 *   returned early frees it too.
 */
export interface ObjectStore {
  /** The store in words that no other store has, such as `https://s3.eu-west-1.amazonaws.com/bucket`. No credentials. */
  readonly id: string;
  list(query: ListQuery): AsyncIterable<ListPage>;
  read(key: string, query: ReadQuery): Promise<AsyncIterable<Uint8Array>>;
  /** The checksum of an object's bytes. Absent if the store has none. */
  checksum?(
    key: string,
    query: Pick<ReadQuery, "ifMatch" | "signal">,
  ): Promise<Checksum | undefined>;
  /** The labels that a registry has for the versions below a prefix, such as aliases. Absent if it has none. */
  labels?(prefix: string, signal: AbortSignal): Promise<VersionLabels>;
}
