import { deferred, FakeClock, FakeLoader, type FakeServable, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { broken, id } from "../test/manager-world.js";
import { CachingManager, type CachingManagerOptions } from "./caching-manager.js";
import type { ServableHandle } from "./servable-handle.js";
import { formatServableId, servableId } from "./servable-id.js";

type Options = Partial<CachingManagerOptions<FakeServable>>;

/** A cache of FakeLoaders on a FakeClock. */
class Cache {
  readonly clock = new FakeClock();
  readonly loaders = new Map<string, FakeLoader>();
  readonly manager: CachingManager<FakeServable>;
  latest = 1;
  made = 0;

  constructor(options: Options = {}, bytesOf: (version: bigint) => number = () => 1) {
    this.manager = new CachingManager({
      clock: this.clock,
      resolve: ({ name, version }) => servableId(name, version ?? this.latest),
      loader: (id) => {
        this.made++;
        const key = formatServableId(id);
        const before = this.loaders.get(key);
        if (before) return before;
        const loader = new FakeLoader({ resources: { ramBytes: bytesOf(id.version) } });
        this.loaders.set(key, loader);
        return loader;
      },
      ...options,
    });
  }

  /** The loader of a version, also before it is asked for. */
  loader(version: number): FakeLoader {
    const key = formatServableId(id(version));
    const loader = this.loaders.get(key) ?? new FakeLoader({ resources: { ramBytes: 1 } });
    this.loaders.set(key, loader);
    return loader;
  }

  acquire(version: number) {
    return this.manager.acquire({ name: "m", version });
  }

  /** Loads versions in order and releases them. */
  async use(...versions: number[]): Promise<void> {
    for (const version of versions) (await this.acquire(version)).release();
    await turn();
  }

  states(): string[] {
    return this.manager
      .states()
      .map(
        ({ id, state, waitingFor }) =>
          `${id.version} ${state}${waitingFor ? ` (${waitingFor})` : ""}`,
      )
      .sort();
  }
}

/** Follows a promise of a handle without waiting for it. */
function follow(promise: Promise<ServableHandle<FakeServable>>) {
  const seen: { handle?: ServableHandle<FakeServable>; error?: { reason: string } } = {};
  promise.then(
    (handle) => {
      seen.handle = handle;
    },
    (error) => {
      seen.error = error;
    },
  );
  return seen;
}

describe.each([1, 4])("CachingManager with load concurrency %i", (loadConcurrency) => {
  const newCache = (options: Options = {}, bytesOf?: (version: bigint) => number) =>
    new Cache({ loadConcurrency, ...options }, bytesOf);

  it("loads a version on the first request, and keeps it", async () => {
    const cache = newCache();
    expect(cache.states()).toEqual([]);
    const first = await cache.acquire(30);
    expect([first.id, first.servable.id]).toEqual([id(30), id(30)]);
    first.release();
    await cache.use(30, 31, 30);
    expect(cache.loader(30).loads).toBe(1);
    expect(cache.made).toBe(2);
    expect(cache.states()).toEqual(["30 available", "31 available"]);
  });

  it("returns the version that resolve names, loaded or not", async () => {
    const cache = newCache();
    cache.latest = 42;
    const first = await cache.manager.acquire({ name: "m" });
    expect(first.id).toEqual(id(42));
    await cache.use(42);
    expect(cache.made).toBe(1);
    cache.latest = 43;
    expect((await cache.manager.acquire({ name: "m" })).id).toEqual(id(43));
  });

  it("rejects with the error of resolve, or of creating a loader", async () => {
    const missing = broken("no such model");
    const thrower = () => {
      throw missing;
    };
    await expect(newCache({ resolve: thrower }).acquire(1)).rejects.toBe(missing);
    await expect(newCache({ resolve: async () => thrower() }).acquire(1)).rejects.toBe(missing);
    const cache = newCache({ loader: thrower });
    await expect(cache.acquire(1)).rejects.toBe(missing);
    expect(cache.states()).toEqual([]);
  });

  it("emits the states of a version in order", async () => {
    const cache = newCache({ maxServables: 1 });
    const told: string[] = [];
    cache.manager.events.subscribe((event) => {
      if (event.kind === "state") told.push(`${event.id.version} ${event.state}`);
    });
    await cache.use(1, 2);
    expect(told.filter((text, i) => text !== told[i - 1])).toEqual([
      "1 loading",
      "1 available",
      "2 start",
      "1 unloading",
      "1 end",
      "2 loading",
      "2 available",
    ]);
  });

  it("asks the loader's probe first", async () => {
    const cache = newCache();
    Object.assign(cache.loader(1), { probe: () => Promise.reject(broken("vetoed")) });
    await expect(cache.acquire(1)).rejects.toThrow("vetoed");
    expect(cache.loader(1).loads).toBe(0);
  });

  describe("C1 concurrent requests for a version share one load", () => {
    it("returns a handle to each request", async () => {
      const cache = newCache();
      cache.loader(1).hangLoads();
      const asked = Array.from({ length: 1_000 }, () => cache.acquire(1));
      await turn();
      cache.loader(1).finishLoads();
      const handles = await Promise.all(asked);
      expect(cache.loader(1).loads).toBe(1);
      expect(new Set(handles.map(({ servable }) => servable)).size).toBe(1);
    });

    it("shares loads of several versions", async () => {
      const cache = newCache();
      const handles = await Promise.all([30, 31, 30, 31, 32, 33].map((v) => cache.acquire(v)));
      expect(handles.map(({ id }) => Number(id.version))).toEqual([30, 31, 30, 31, 32, 33]);
      expect(cache.made).toBe(4);
    });

    it("rejects all requests with one error", async () => {
      const cache = newCache();
      cache.loader(1).failLoads(1);
      const asked = [follow(cache.acquire(1)), follow(cache.acquire(1))];
      await turn();
      expect(asked.map(({ error }) => error?.reason)).toEqual(["LOAD_FAILED", "LOAD_FAILED"]);
      expect(cache.loader(1).loads).toBe(1);
    });

    it("a caller that aborts does not stop the load", async () => {
      const cache = newCache();
      cache.loader(1).hangLoads();
      const controller = new AbortController();
      const request = { name: "m", version: 1 };
      const gaveUp = follow(cache.manager.acquire(request, { signal: controller.signal }));
      const late = follow(cache.manager.acquire(request, { timeoutMs: 10 }));
      const patient = cache.acquire(1);
      await turn();
      controller.abort(broken("enough"));
      await cache.clock.advance(10);
      expect([gaveUp.error?.reason, late.error?.reason]).toEqual(["BROKEN", "WAIT_TIMED_OUT"]);
      expect(String(late.error)).toContain(
        "{name: m version: 1} was not reached within 10 ms (it is at loading, waiting for its loader)",
      );
      cache.loader(1).finishLoads();
      expect((await patient).id).toEqual(id(1));
      expect(cache.clock.pending).toBe(0);
    });

    it("a request for a version that is unloading loads it again", async () => {
      const cache = newCache({ maxServables: 1 });
      await cache.use(1);
      cache.loader(1).hangUnloads();
      const two = follow(cache.acquire(2));
      await turn();
      const one = follow(cache.acquire(1));
      await turn();
      expect(cache.states()).toEqual(["1 unloading", "2 start (resources)"]);
      cache.loader(1).finishUnloads();
      await turn();
      expect(two.handle?.id).toEqual(id(2));
      two.handle?.release();
      await turn();
      expect(one.handle?.servable.load).toBe(2);
    });
  });

  describe("C2 loaded versions never exceed maxServables and maxRamBytes", () => {
    it("by number", async () => {
      const cache = newCache({ maxServables: 2 });
      await cache.use(1, 2, 3, 4);
      expect(cache.states()).toEqual(["3 available", "4 available"]);
    });

    it("by bytes", async () => {
      const cache = newCache({ maxRamBytes: 10 }, (version) => Number(version));
      await cache.use(3, 4, 2, 7);
      expect(cache.states()).toEqual(["2 available", "7 available"]);
    });

    it("without limits everything is kept", async () => {
      const cache = newCache();
      await cache.use(...Array.from({ length: 50 }, (_, i) => i));
      expect(cache.states()).toHaveLength(50);
    });

    it("a version that can never fit is rejected, and nothing is unloaded for it", async () => {
      const cache = newCache({ maxRamBytes: 10 }, (version) => Number(version));
      await cache.use(9);
      await expect(cache.acquire(11)).rejects.toMatchObject({
        reason: "NEVER_FITS",
        message:
          "servable {name: m version: 11} can never be loaded: it needs ramBytes 11, servables 1 " +
          "and the limits are ramBytes 10; raise the limits",
      });
      expect(cache.loader(9).live).toBe(1);
    });
  });

  describe("C3 it unloads the version that was acquired longest ago, never one with a handle", () => {
    it("counts a repeated acquire", async () => {
      const cache = newCache({ maxServables: 3 });
      await cache.use(1, 2, 3, 1, 4);
      expect(cache.states()).toEqual(["1 available", "3 available", "4 available"]);
    });

    it("skips versions with a handle, however old", async () => {
      const cache = newCache({ maxServables: 3 });
      const pinned = await cache.acquire(1);
      await cache.use(2, 3, 4, 5);
      expect(cache.states()).toEqual(["1 available", "4 available", "5 available"]);
      expect(pinned.servable.isUnloaded).toBe(false);
    });

    it("waits until a handle is released when all are held", async () => {
      const cache = newCache({ maxServables: 2 });
      const [one] = [await cache.acquire(1), await cache.acquire(2)];
      const three = follow(cache.acquire(3));
      await turn();
      expect(cache.states()).toEqual(["1 available", "2 available", "3 start (resources)"]);
      one.release();
      await turn();
      expect(three.handle?.id).toEqual(id(3));
      expect(cache.states()).toEqual(["2 available", "3 available"]);
    });

    it("unloads as many versions as a large version needs", async () => {
      const cache = newCache({ maxRamBytes: 10 }, (version) => (version === 99n ? 10 : 2));
      await cache.use(1, 2, 3, 4, 5);
      await cache.use(99);
      expect(cache.states()).toEqual(["99 available"]);
    });

    it("does not unload a version that a request waits for, even if an observer releases handles", async () => {
      const cache = newCache({ maxServables: 1 });
      const one = await cache.acquire(1);
      const asked = [follow(cache.acquire(2)), follow(cache.acquire(3))];
      cache.manager.events.subscribe((event) => {
        if (event.kind === "state" && event.state === "available") one.release();
      });
      one.release();
      await turn();
      const [two, three] = asked;
      expect(two?.handle?.servable.isUnloaded).toBe(false);
      expect(cache.loader(2).loads).toBe(1);
      two?.handle?.release();
      await turn();
      expect(three?.handle?.id).toEqual(id(3));
    });
  });

  describe("C4 a version that failed is tried again by the next request after failureTtlMs", () => {
    it("rejects with the version's error until then", async () => {
      const cache = newCache({ failureTtlMs: 100 });
      cache.loader(1).failLoads(1);
      await expect(cache.acquire(1)).rejects.toThrow("load failed");
      expect(cache.manager.states()).toMatchObject([{ state: "end", nextAttemptAtMs: 100 }]);
      await cache.clock.advance(99);
      await expect(cache.acquire(1)).rejects.toThrow("load failed");
      expect(cache.loader(1).loads).toBe(1);
      await cache.clock.advance(1);
      expect(cache.states()).toEqual([]);
      expect((await cache.acquire(1)).servable.load).toBe(2);
      expect(cache.clock.pending).toBe(0);
    });

    it("frees the space of a failed version", async () => {
      const cache = newCache({ maxServables: 1 });
      cache.loader(1).failLoads();
      const failed = follow(cache.acquire(1));
      await turn();
      await cache.use(2);
      expect(failed.error?.reason).toBe("LOAD_FAILED");
    });
  });

  describe("C5 close", () => {
    it("rejects new and waiting requests immediately, waits for handles, then unloads all", async () => {
      const cache = newCache({ maxServables: 2 });
      const held = await cache.acquire(1);
      cache.loader(2).hangLoads();
      const waiting = [follow(cache.acquire(2)), follow(cache.acquire(3))];
      await turn();
      let isClosed = false;
      const closed = cache.manager.close();
      void closed.then(() => {
        isClosed = true;
      });
      await expect(cache.acquire(1)).rejects.toMatchObject({ reason: "MANAGER_CLOSED" });
      await turn();
      expect(waiting.map(({ error }) => error?.reason)).toEqual([
        "MANAGER_CLOSED",
        "MANAGER_CLOSED",
      ]);
      expect(cache.loader(2).loading).toBe(0);
      expect([isClosed, held.servable.isUnloaded]).toEqual([false, false]);
      held.release();
      await closed;
      expect(cache.manager.close()).toBe(closed);
      expect(cache.loader(1).live).toBe(0);
    });

    it("rejects a request that waits for resolve", async () => {
      const gate = deferred<ReturnType<typeof id>>();
      const cache = newCache({ resolve: () => gate.promise });
      const waiting = follow(cache.acquire(1));
      await cache.manager.close();
      gate.resolve(id(1));
      await turn();
      expect(waiting.error?.reason).toBe("MANAGER_CLOSED");
      expect(cache.made).toBe(0);
    });

    it("forgets failures, with their timers, and completes the events", async () => {
      const cache = newCache();
      cache.loader(1).failLoads();
      follow(cache.acquire(1));
      await cache.use(2);
      let isComplete = false;
      cache.manager.events.subscribe({
        complete: () => {
          isComplete = true;
        },
      });
      await cache.manager[Symbol.asyncDispose]();
      expect([cache.clock.pending, cache.states(), isComplete]).toEqual([0, [], true]);
    });

    it("no longer waits for handles when its signal aborts", async () => {
      const cache = newCache();
      const handle = await cache.acquire(1);
      await cache.manager.close({ signal: AbortSignal.abort() });
      expect(handle.servable.isUnloaded).toBe(true);
    });

    it("unloads the result of a load that ignores its signal", async () => {
      const loader = new FakeLoader({ honoursAbort: false });
      const cache = newCache({ loader: () => loader });
      loader.hangLoads();
      const waiting = follow(cache.acquire(1));
      await turn();
      const closed = cache.manager.close();
      await turn();
      expect(waiting.error?.reason).toBe("MANAGER_CLOSED");
      loader.finishLoads();
      await closed;
      expect([loader.loads, loader.live]).toEqual([1, 0]);
    });

    it("rejects when versions could not be unloaded", async () => {
      const cache = newCache();
      cache.loader(1).failUnloads();
      await cache.use(1);
      await expect(cache.manager.close()).rejects.toMatchObject({ reason: "CLOSE_FAILED" });
    });
  });
});

it.each([
  { loadConcurrency: 0 },
  { maxServables: 0 },
  { failureTtlMs: -1 },
  { maxRamBytes: Number.NaN },
])("CachingManager rejects %j", (options) => {
  expect(() => new Cache(options)).toThrow(RangeError);
});
