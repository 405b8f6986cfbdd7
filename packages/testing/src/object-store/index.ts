/**
 * The conformance suite for object stores, and an in-memory store for tests of code that reads from stores.
 *
 * @packageDocumentation
 */
export { MemoryObjectStore, type MemoryObjectStoreOptions } from "./memory-object-store.js";
export {
  type ObjectStoreConformanceOptions,
  type ObjectStoreWorld,
  objectStoreConformance,
} from "./object-store-conformance.js";
