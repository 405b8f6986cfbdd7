/**
 * Models from object stores: `objectStore` makes the provider for a kind of store, with a cache on this machine.
 *
 * @packageDocumentation
 */
export type { ModelCacheOptions } from "./cache/model-cache.js";
export type { Checksum, ChecksumAlgorithm } from "./checksum.js";
export type { ListPage, ListQuery, ObjectInfo, ObjectStore, ReadQuery } from "./object-store.js";
export type { ObjectStoreOptions } from "./object-store-options.js";
export { objectStore } from "./object-store-provider.js";
