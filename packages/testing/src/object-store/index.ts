/**
 * The conformance suite of object stores, and a store in memory for tests of what reads from them.
 *
 * @packageDocumentation
 */
export { MemoryObjectStore, type MemoryObjectStoreOptions } from "./memory-object-store.js";
export {
  type ObjectStoreConformanceOptions,
  type ObjectStoreWorld,
  objectStoreConformance,
} from "./object-store-conformance.js";
