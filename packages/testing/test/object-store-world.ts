import { ServingError } from "@serving-kit/core";
import { MemoryObjectStore } from "../src/object-store/index.js";
import type { ObjectStoreWorld } from "../src/object-store/object-store-conformance.js";

/** A MemoryObjectStore, or another store over it, and its bucket. */
export function objectStoreWorld(
  change: (store: MemoryObjectStore) => ObjectStoreWorld["store"] = (store) => store,
): ObjectStoreWorld {
  const store = new MemoryObjectStore({ pageSize: 2 });
  return {
    store: change(store),
    put: (key, bytes) => store.put(key, bytes),
    remove: (key) => store.remove(key),
    cutNext() {
      store.body = async function* (_, bytes) {
        store.body = undefined;
        yield bytes.subarray(0, 100);
        throw new ServingError("UNAVAILABLE", "STORE_UNAVAILABLE", "the connection was closed");
      };
    },
    deny: () => store.set("", "denies"),
    fail: () => store.set("", "fails"),
    held: () => store.open,
  };
}
