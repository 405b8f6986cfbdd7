import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { deferred, FakeClock, FakeStorage, loaderConformance } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { COMPLETE, incomplete } from "./completeness.js";
import { type FetchedLoaderOptions, fetchedLoader } from "./fetched-loader.js";
import { type Loader, unload } from "./loader.js";
import { RAM_BYTES } from "./resources.js";
import { servableId } from "./servable-id.js";
import type { StoragePath } from "./storage-path.js";

const id = servableId("m", 1);
const basePath = "fake://m";
const uri = "fake://m/1";

class TextServable implements AsyncDisposable {
  readonly text: string;
  readonly path: string;
  /** True if its files were there when it was disposed. */
  hadFiles: boolean | undefined;
  constructor(text: string, path: string) {
    this.text = text;
    this.path = path;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.hadFiles = existsSync(this.path);
  }
}

const textLoader = ({ path }: StoragePath): Loader<TextServable> => ({
  load: async () => new TextServable(await readFile(join(path, "model"), "utf8"), path),
});

interface SetUp extends Partial<FetchedLoaderOptions> {
  readonly make?: (local: StoragePath) => Loader<TextServable>;
}

function setUp({ make = textLoader, ...options }: SetUp = {}) {
  const clock = new FakeClock();
  const storage = new FakeStorage({ clock });
  storage.publish(basePath, 1n, { model: "first" });
  const loader = fetchedLoader(storage.remotePath(basePath, 1n), make, {
    estimate: async (sizeBytes = 0) => ({ [RAM_BYTES]: 10 * sizeBytes }),
    ...options,
  });
  const load = (signal = new AbortController().signal) => loader.load({ id, signal });
  return { storage, loader, load };
}

loaderConformance(
  { describe, it },
  {
    name: "fetchedLoader",
    ...(() => {
      const storage = new FakeStorage();
      storage.publish(basePath, 1n, { model: "first" });
      const create = (version: bigint) =>
        fetchedLoader(storage.remotePath(basePath, version), textLoader, {
          estimate: async (sizeBytes = 0) => ({ [RAM_BYTES]: sizeBytes }),
        });
      return {
        create: () => create(1n),
        use: ({ text }: TextServable) => expect(text).toBe("first"),
        allocated: () => storage.leases,
        broken: [
          {
            create: () => {
              storage.remove(basePath, 7n);
              return create(7n);
            },
            path: "fake://m/7",
            repair: () => storage.publish(basePath, 7n, { model: "first" }),
          },
        ],
      };
    })(),
  },
);

describe("fetchedLoader", () => {
  it("D1 fetches in load, and again in a retry", async () => {
    const { storage, load } = setUp();
    expect(storage.reads).toBe(0);
    storage.remove(basePath, 1n);
    await expect(load()).rejects.toMatchObject({ reason: "GONE" });
    storage.publish(basePath, 1n, { model: "second" });
    await using servable = await load();
    expect(servable.text).toBe("second");
    expect(storage.reads).toBe(2);
  });

  it("D2 checks the fetched files and hands on what the check found", async () => {
    let answer = incomplete("a shard is missing", "upload it") as object;
    const made: StoragePath[] = [];
    const { storage, load } = setUp({
      isComplete: async (path) => {
        expect(existsSync(join(path, "model"))).toBe(true);
        return answer as typeof COMPLETE;
      },
      make: (local) => {
        made.push(local);
        return textLoader(local);
      },
    });
    await expect(load()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      reason: "VERSION_INCOMPLETE",
      message: `{name: m version: 1} at ${uri} is not complete yet: a shard is missing; upload it`,
    });
    expect([made, storage.leases]).toEqual([[], 0]);
    answer = { ...COMPLETE, found: "tflite" };
    await using servable = await load();
    expect(made).toEqual([{ path: servable.path, sizeBytes: 5, found: "tflite" }]);
  });

  it("D3 runs the inner probe before the inner load, and may be retried when it rejects", async () => {
    const steps: string[] = [];
    const { storage, loader, load } = setUp({
      make: (local) => ({
        probe: async () => {
          steps.push("probe");
          if (steps.length === 1) throw new Error("it crashed the canary");
        },
        load: async (context) => {
          steps.push("load");
          return textLoader(local).load(context);
        },
      }),
    });
    expect(loader.probe).toBeUndefined();
    await expect(load()).rejects.toThrow("it crashed the canary");
    expect(storage.leases).toBe(0);
    await using _servable = await load();
    expect(steps).toEqual(["probe", "probe", "load"]);
  });

  it("D4 holds the lease until the servable was disposed", async () => {
    const { storage, load } = setUp();
    const servable = await load();
    expect(servable).toBeInstanceOf(TextServable);
    expect(storage.leases).toBe(1);
    await Promise.all([unload(servable), unload(servable)]);
    expect([servable.hadFiles, existsSync(servable.path), storage.leases]).toEqual([
      true,
      false,
      0,
    ]);
  });

  it("D4 holds the lease of a frozen servable, of one with dispose, and of one with neither", async () => {
    const disposed: string[] = [];
    class Counter {
      #count = 1;
      next = () => this.#count++;
      add() {
        return this.#count++;
      }
      [Symbol.dispose]() {
        disposed.push(`counter ${this.#count}`);
      }
    }
    for (const servable of [Object.freeze(new Counter()), new Counter(), { add: () => 1 }]) {
      const { storage, load } = setUp({ make: () => ({ load: async () => servable as never }) });
      const loaded = (await load()) as unknown as Counter;
      expect([loaded.add(), "add" in loaded, storage.leases]).toEqual([1, true, 1]);
      await unload(loaded);
      expect(storage.leases).toBe(0);
    }
    expect(disposed).toEqual(["counter 2", "counter 2"]);
  });

  it("D4 disposes the lease also when the disposal of the servable fails", async () => {
    const failing = { [Symbol.asyncDispose]: async () => Promise.reject(new Error("stuck")) };
    const { storage, load } = setUp({ make: () => ({ load: async () => failing as never }) });
    await expect(unload(await load())).rejects.toThrow("stuck");
    expect(storage.leases).toBe(0);
  });

  it("D4 disposes the lease when the load fails, and rejects a servable that is not an object", async () => {
    const { storage, load } = setUp({ make: () => ({ load: async () => 7 as never }) });
    await expect(load()).rejects.toThrow("must load an object; got 7");
    expect(storage.leases).toBe(0);
  });

  it("D5 rejects with the signal's reason, and disposes the lease of a fetch that ignores it", async () => {
    const reason = new Error("no longer aspired");
    const { storage } = setUp();
    const remote = storage.remotePath(basePath, 1n);
    const gate = deferred();
    const deaf = {
      ...remote,
      fetch: async () => {
        const lease = await remote.fetch(new AbortController().signal);
        await gate.promise;
        return lease;
      },
    };
    const loader = fetchedLoader(deaf, textLoader, { estimate: async () => ({}) });
    const controller = new AbortController();
    const loading = loader.load({ id, signal: controller.signal });
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    gate.resolve();
    await expect.poll(() => [storage.leases, storage.fetching]).toEqual([0, 0]);
  });

  it("D5 rejects with the signal's reason, even if the inner loader rejects with another error", async () => {
    const reason = new Error("no longer aspired");
    const controller = new AbortController();
    const { storage, load } = setUp({
      make: () => ({
        load: async () => {
          controller.abort(reason);
          throw new Error("AbortError");
        },
      }),
    });
    await expect(load(controller.signal)).rejects.toBe(reason);
    expect(storage.leases).toBe(0);
  });

  it("D6 estimates by the remote size until it is loaded, then by the inner loader", async () => {
    const { loader, load } = setUp({
      make: (local) => ({
        ...textLoader(local),
        estimateResources: async () => ({ [RAM_BYTES]: 7, gpu: 1 }),
      }),
    });
    expect(await loader.estimateResources?.()).toEqual({ [RAM_BYTES]: 50 });
    await using _servable = await load();
    expect(await loader.estimateResources?.()).toEqual({ [RAM_BYTES]: 7 });
  });

  it("D7 what a fetch reports is progress of the load", async () => {
    const { storage } = setUp();
    const remote = storage.remotePath(basePath, 1n);
    const fetch: typeof remote.fetch = (signal, progressed) => {
      for (let part = 0; part < 3; part++) progressed?.();
      return remote.fetch(signal);
    };
    const loader = fetchedLoader({ ...remote, fetch }, textLoader, { estimate: async () => ({}) });
    let count = 0;
    const progressed = () => void count++;
    const signal = new AbortController().signal;
    await unload(await loader.load({ id, signal, progressed }));
    expect(count).toBe(3);
  });

  it("names the URI when a fetch rejects with a plain error, or throws", async () => {
    const { storage } = setUp();
    const fetch = () => {
      throw new Error("socket hang up");
    };
    const broken = { ...storage.remotePath(basePath, 1n), fetch };
    const loader = fetchedLoader(broken, textLoader, { estimate: async () => ({}) });
    await expect(loader.load({ id, signal: new AbortController().signal })).rejects.toMatchObject({
      reason: "FETCH_FAILED",
      message: `fetching ${uri} failed: socket hang up`,
    });
  });
});
