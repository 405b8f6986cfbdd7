import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isServingError } from "@serving-kit/core";
import type { ListPage, ObjectInfo, ObjectStore } from "@serving-kit/source-object-store";
import type { Runner, SuiteOptions } from "../runner.js";
import { registerSuite, type Tests } from "../suite.js";
import { DEFAULT_TIMEOUT_MS, until } from "../waiting.js";

/** A store together with its bucket, which the suite modifies. */
export interface ObjectStoreWorld extends Partial<AsyncDisposable> {
  readonly store: ObjectStore;
  put(key: string, bytes: Uint8Array): void | Promise<void>;
  remove(key: string): void | Promise<void>;
  /** Closes the connection of the next body before its last byte. Absent if that is not possible. */
  cutNext?(): void | Promise<void>;
  /** Makes the store refuse all requests because of invalid credentials. Absent if that is not possible. */
  deny?(): void | Promise<void>;
  /** Makes all requests fail. Absent if that is not possible. */
  fail?(): void | Promise<void>;
  /** Returns the number of requests and bodies in progress, if it can be observed. */
  held?(): number;
}

/** Options for `objectStoreConformance`. */
export interface ObjectStoreConformanceOptions extends SuiteOptions {
  /** Creates a store with an empty bucket. */
  create(): ObjectStoreWorld | Promise<ObjectStoreWorld>;
}

/** Registers the tests that verify that a store keeps the contract of `ObjectStore`: OJ1 to OJ9. */
export function objectStoreConformance(
  runner: Runner,
  options: ObjectStoreConformanceOptions,
): void {
  registerSuite(runner, options, "ObjectStore", {}, clausesOf(options));
}

const text = (value: string) => new TextEncoder().encode(value);

function clausesOf(options: ObjectStoreConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withWorld = (test: (stage: Stage) => Promise<void>) => async () => {
    const world = await options.create();
    try {
      await test(new Stage(world, timeoutMs));
    } finally {
      await world[Symbol.asyncDispose]?.();
    }
  };
  return {
    "OJ1 list yields what starts with the prefix, each object once": withWorld(async (stage) => {
      const { world } = stage;
      const keys = ["m/1/a", "m/1/b", "m/10/a", "m/2/x/y", "other"];
      for (const key of keys) await world.put(key, text(key));
      const listed = await stage.list("m/1");
      assert.deepEqual(listed.map(({ key }) => key).sort(), ["m/1/a", "m/1/b", "m/10/a"]);
      for (const { key, sizeBytes } of listed) assert.equal(sizeBytes, key.length, key);
      assert.deepEqual((await stage.list("")).map(({ key }) => key).sort(), keys);
      const pages = await stage.pages("nothing/");
      assert.deepEqual(
        pages.map(({ objects, prefixes, isTruncated }) => [objects, prefixes, isTruncated]),
        [[[], [], false]],
      );
    }),

    "OJ2 a delimiter lists what follows it once, as a prefix": withWorld(async (stage) => {
      for (const key of ["m/1/a", "m/1/b/c", "m/2/a", "m/readme", "n/1/a"]) {
        await stage.world.put(key, text(key));
      }
      const pages = await stage.pages("m/", "/");
      const prefixes = pages.flatMap((page) => page.prefixes);
      assert.deepEqual([...prefixes].sort(), ["m/1/", "m/2/"]);
      const keys = pages.flatMap(({ objects }) => objects.map(({ key }) => key));
      assert.deepEqual(keys, ["m/readme"]);
    }),

    "OJ3 an object has another tag once it is written again": withWorld(async (stage) => {
      await stage.world.put("a", text("one"));
      const before = await stage.info("a");
      assert.equal((await stage.info("a")).tag, before.tag);
      await stage.world.put("a", text("two"));
      assert.notEqual((await stage.info("a")).tag, before.tag);
    }),

    "OJ4 read yields exactly the bytes that are requested": withWorld(async (stage) => {
      const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
      await stage.world.put("a b+c/é", bytes);
      await stage.world.put("empty", new Uint8Array());
      const { key, tag } = await stage.info("a b+c/é");
      assert.deepEqual(await stage.read(key, tag), Buffer.from(bytes));
      const middle = await stage.read(key, tag, { offset: 70_001, length: 65_537 });
      assert.deepEqual(middle, Buffer.from(bytes.subarray(70_001, 135_538)));
      const end = await stage.read(key, tag, { offset: 199_999 });
      assert.deepEqual(end, Buffer.from(bytes.subarray(199_999)));
      const empty = await stage.info("empty");
      assert.deepEqual(await stage.read("empty", empty.tag), Buffer.alloc(0));
    }),

    "OJ5 an object that has changed or is gone is rejected": withWorld(async (stage) => {
      const { world } = stage;
      await world.put("a", text("one"));
      const { tag } = await stage.info("a");
      await world.put("a", text("two"));
      await stage.refuses("a", tag, "FAILED_PRECONDITION", "OBJECT_CHANGED");
      await world.remove("a");
      await stage.refuses("a", tag, "NOT_FOUND", "OBJECT_NOT_FOUND");
    }),

    "OJ6 a body that ends early rejects": withWorld(async (stage) => {
      const { world } = stage;
      if (!world.cutNext) return;
      await world.put("a", new Uint8Array(300_000));
      const { tag } = await stage.info("a");
      await world.cutNext();
      const error = await stage.read("a", tag).then(
        (bytes) => assert.fail(`expected a rejection; got ${bytes.length} bytes`),
        (error: unknown) => error,
      );
      assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
      assert.equal((await stage.read("a", tag)).length, 300_000, "bytes of the next body");
    }),

    "OJ7 checksum is that of the bytes": withWorld(async ({ world, info, signal }) => {
      const bytes = text("the bytes of an object");
      await world.put("a", bytes);
      const { tag: ifMatch } = await info("a");
      const checksum = await world.store.checksum?.("a", { ifMatch, signal });
      if (checksum === undefined || !/^(md5|sha)/.test(checksum.algorithm)) return;
      const hex = createHash(checksum.algorithm).update(bytes).digest("hex");
      assert.equal(checksum.hex, hex, checksum.algorithm);
    }),

    "OJ8 a failure is a ServingError with its kind": withWorld(async (stage) => {
      const { world } = stage;
      await world.put("a", text("one"));
      const { tag } = await stage.info("a");
      if (world.fail) {
        await world.fail();
        await stage.refuses("a", tag, "UNAVAILABLE", "STORE_UNAVAILABLE");
        await stage.listRefuses("UNAVAILABLE", "STORE_UNAVAILABLE");
      }
      if (!world.deny) return;
      await world.deny();
      await stage.refuses("a", tag, "PERMISSION_DENIED", "STORE_ACCESS_DENIED");
      await stage.listRefuses("PERMISSION_DENIED", "STORE_ACCESS_DENIED");
    }),

    "OJ9 an abort, and an iteration that is returned early, free the connection": withWorld(
      async (stage) => {
        const { store } = stage.world;
        await stage.world.put("a", new Uint8Array(4_000_000));
        const { tag: ifMatch } = await stage.info("a");
        for await (const _ of await store.read("a", { ifMatch, signal: stage.signal })) break;
        await stage.frees("after an early return");
        const controller = new AbortController();
        const { signal } = controller;
        const body = await store.read("a", { ifMatch, signal });
        await assert.rejects(async () => {
          for await (const _ of body) controller.abort(new Error("aborted by the suite"));
        }, "an iteration whose signal aborts");
        await stage.frees("after an abort");
        await assert.rejects(store.read("a", { ifMatch, signal }), "read with an aborted signal");
        await assert.rejects(async () => {
          for await (const _ of store.list({ prefix: "", signal })) break;
        }, "list with an aborted signal");
        await stage.frees("at the end");
      },
    ),
  };
}

type Range = { readonly offset?: number; readonly length?: number };

/** A world with the steps of the tests. */
class Stage {
  readonly world: ObjectStoreWorld;
  readonly signal = new AbortController().signal;
  readonly #timeoutMs: number;

  constructor(world: ObjectStoreWorld, timeoutMs: number) {
    this.world = world;
    this.#timeoutMs = timeoutMs;
  }

  async pages(prefix: string, delimiter?: "/"): Promise<ListPage[]> {
    const query = { prefix, signal: this.signal, ...(delimiter && { delimiter }) };
    const pages: ListPage[] = [];
    for await (const page of this.world.store.list(query)) pages.push(page);
    const truncated = pages.map(({ isTruncated }) => isTruncated);
    assert.deepEqual(
      truncated,
      pages.map((_, i) => i < pages.length - 1),
      "isTruncated of the pages",
    );
    return pages;
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    return (await this.pages(prefix)).flatMap(({ objects }) => objects);
  }

  readonly info = async (key: string): Promise<ObjectInfo> => {
    const found = (await this.list(key)).find((object) => object.key === key);
    return found ?? assert.fail(`expected ${key} in the listing`);
  };

  async read(key: string, ifMatch: string, range: Range = {}): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const query = { ifMatch, signal: this.signal, ...range };
    for await (const chunk of await this.world.store.read(key, query)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async refuses(key: string, ifMatch: string, code: string, reason: string): Promise<void> {
    await rejectsWith(this.read(key, ifMatch), code, reason, "read");
    const { store } = this.world;
    if (!store.checksum) return;
    const checksum = store.checksum(key, { ifMatch, signal: this.signal });
    await rejectsWith(checksum, code, reason, "checksum");
  }

  async listRefuses(code: string, reason: string): Promise<void> {
    await rejectsWith(this.list(""), code, reason, "list");
  }

  frees(when: string): Promise<void> {
    const held = () => this.world.held?.() ?? 0;
    const isFree = () => held() === 0;
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const seen = () => `expected no open request ${when}; got ${held()}`;
    return until(isFree, turn, this.#timeoutMs, seen);
  }
}

async function rejectsWith(promise: Promise<unknown>, code: string, reason: string, what: string) {
  const error = await promise.then(
    () => assert.fail(`expected ${what} to reject with ${reason}`),
    (error: unknown) => error,
  );
  assert.ok(isServingError(error), `expected ${what} to reject with a ServingError; got ${error}`);
  assert.deepEqual([error.code, error.reason], [code, reason], `${what}: ${error.message}`);
}
