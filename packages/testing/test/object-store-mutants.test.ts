import { isServingError } from "@serving-kit/core";
import type { ListPage, ListQuery, ObjectStore } from "@serving-kit/source-object-store";
import { describe, expect, it } from "vitest";
import { type MemoryObjectStore, objectStoreConformance } from "../src/object-store/index.js";
import { failuresOf } from "./collecting-runner.js";
import { objectStoreWorld } from "./object-store-world.js";

/** The clauses that a store breaks when some of its members are others. */
async function brokenBy(
  change: (store: MemoryObjectStore) => Partial<ObjectStore>,
): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    objectStoreConformance(runner, {
      name: "mutant",
      create: () =>
        objectStoreWorld((store) => ({
          id: store.id,
          list: (query) => store.list(query),
          read: (...call) => store.read(...call),
          checksum: (...call) => store.checksum(...call),
          ...change(store),
        })),
      timeoutMs: 1_000,
    }),
  );
  return [...failures.keys()];
}

/** A store with other pages. */
const listing =
  (change: (page: ListPage, query: ListQuery) => ListPage) =>
  (store: MemoryObjectStore): Partial<ObjectStore> => ({
    async *list(query) {
      for await (const page of store.list(query)) yield change(page, query);
    },
  });

describe("objectStoreConformance rejects a store", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => ({}))).toEqual([]);
  });

  it("OJ1 that leaves an object out, or reports that each page is the last", async () => {
    const forgetting = listing((page) => ({
      ...page,
      objects: page.objects.filter(({ key }) => key !== "m/10/a"),
    }));
    expect(await brokenBy(forgetting)).toEqual(["OJ1"]);
    const ending = listing((page) => ({ ...page, isTruncated: false }));
    expect(await brokenBy(ending)).toContain("OJ1");
  });

  it("OJ2 that lists prefixes without their slash, or keys below them", async () => {
    const cut = listing((page) => ({
      ...page,
      prefixes: page.prefixes.map((prefix) => prefix.slice(0, -1)),
    }));
    expect(await brokenBy(cut)).toEqual(["OJ2"]);
    const deep = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      list: ({ delimiter: _, ...query }) => store.list(query),
    });
    expect(await brokenBy(deep)).toEqual(["OJ2"]);
  });

  it("OJ3 whose tags are those of the listing", async () => {
    let count = 0;
    const counted = listing((page) => ({
      ...page,
      objects: page.objects.map((object) => ({ ...object, tag: `"${count++}"` })),
    }));
    expect(await brokenBy(counted)).toContain("OJ3");
  });

  it("OJ4 that reads the whole object", async () => {
    const whole = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      read: (key, { ifMatch, signal }) => store.read(key, { ifMatch, signal }),
    });
    expect(await brokenBy(whole)).toEqual(["OJ4"]);
  });

  it("OJ5 that reads an object that has changed", async () => {
    const current = async (store: MemoryObjectStore, key: string, signal: AbortSignal) => {
      for await (const { objects } of store.list({ prefix: key, signal })) {
        for (const { tag } of objects) return tag;
      }
      return "";
    };
    const unconditional = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      read: async (key, query) => {
        const ifMatch = await current(store, key, query.signal);
        return store.read(key, { ...query, ifMatch });
      },
    });
    expect(await brokenBy(unconditional)).toContain("OJ5");
  });

  it("OJ6 that ends a body where its connection was closed", async () => {
    const shorter = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      async read(...call) {
        const body = await store.read(...call);
        return (async function* () {
          try {
            yield* body;
          } catch (error) {
            if (!isServingError(error)) throw error;
          }
        })();
      },
    });
    expect(await brokenBy(shorter)).toEqual(["OJ6"]);
  });

  it("OJ7 whose checksum is another's", async () => {
    const wrong = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      async checksum(...call) {
        const checksum = await store.checksum(...call);
        return checksum && { ...checksum, hex: "00" };
      },
    });
    expect(await brokenBy(wrong)).toEqual(["OJ7"]);
  });

  it("OJ8 whose failures are errors of its client", async () => {
    const plain = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      read: (...call) =>
        store.read(...call).catch((error: Error & { reason?: string }) => {
          throw /^STORE_/.test(error.reason ?? "") ? new Error(error.message) : error;
        }),
    });
    expect(await brokenBy(plain)).toEqual(["OJ8"]);
  });

  it("OJ9 that reads on after an abort", async () => {
    const deaf = (store: MemoryObjectStore): Partial<ObjectStore> => ({
      read: (key, query) => store.read(key, { ...query, signal: new AbortController().signal }),
    });
    expect(await brokenBy(deaf)).toEqual(["OJ9"]);
  });
});
