import { FakeLoader, managerConformance, turn } from "@serving-kit/testing";
import { of, Subject, throwError } from "rxjs";
import { describe, expect, expectTypeOf, it } from "vitest";
import { broken, id, loaders, ManagerWorld, worldsOf } from "../test/manager-world.js";
import { aspire } from "./aspired-versions.js";
import { AspiredVersionsManager } from "./aspired-versions-manager.js";
import { ServingError } from "./errors.js";
import type { Loader } from "./loader.js";
import { resourcePreserving } from "./resource-preserving-policy.js";
import type { ServableId } from "./servable-id.js";
import type { ManagerEvent } from "./servable-state.js";

describe.each([1, 4])("AspiredVersionsManager with load concurrency %i", (concurrency) => {
  const newWorld = worldsOf(concurrency);

  managerConformance(
    { describe, it },
    {
      name: `AspiredVersionsManager, load concurrency ${concurrency}`,
      create: async () => {
        const world = newWorld();
        await world.aspire(loaders(1, 2));
        return {
          manager: world.manager,
          name: "m",
          isLoaded: (servable) => !servable.isUnloaded,
          withdraw: () => world.aspire({}),
        };
      },
    },
  );

  describe("acquire", () => {
    it("throws NOT_FOUND for a name that no source aspired", () => {
      const world = newWorld();
      expect(() => world.manager.acquire({ name: "missing" })).toThrow(
        "Servable not found for request: Latest(missing)",
      );
    });

    it("throws NOT_FOUND for a version that is not available", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      expect(() => world.manager.acquire({ name: "m", version: 100 })).toThrow(
        "Servable not found for request: Specific(m, 100)",
      );
    });

    it("returns the newest available version, or the requested version", async () => {
      const world = newWorld();
      await world.aspire(loaders(0, 1, 7));
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(7));
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(7));
      expect(world.manager.acquire({ name: "m", version: 1 }).id).toEqual(id(1));
      expect(world.manager.acquire({ name: "m", version: 1n }).servable.id).toEqual(id(1));
    });

    it("accepts a name for the newest version, and names the expected value without one", async () => {
      const world = newWorld();
      await world.aspire(loaders(1, 7));
      {
        using handle = world.manager.acquire("m");
        expect(handle.id).toEqual(id(7));
      }
      expect(await world.manager.use("m", (_servable, { version }) => version)).toBe(7n);
      const failing = world.manager.use({ name: "m", version: 1 }, async () => {
        throw new Error("boo");
      });
      await expect(failing).rejects.toThrow("boo");
      for (const none of [undefined, null, {}, 1]) {
        expect(() => world.manager.acquire(none as never)).toThrow(
          "acquire: expected a name or { name, version?, label? }; got",
        );
      }
      await world.manager.close(); // waits for handles that were not released
    });

    it("returns version 0 if it is the only version", async () => {
      const world = newWorld();
      await world.aspire(loaders(0));
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(0));
    });

    it("returns no loading version, and the older version until the newer one is available", async () => {
      const world = newWorld();
      const { 1: first, 2: second } = loaders(1, 2);
      await world.aspire({ 1: first });
      second.hangLoads();
      await world.aspire({ 2: second });
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(1));
      expect(() => world.manager.acquire({ name: "m", version: 2 })).toThrow("Specific(m, 2)");
      second.finishLoads();
      await turn();
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(2));
    });

    it("returns the next older version as soon as the latest starts to unload", async () => {
      const world = newWorld();
      const { 0: zero, 1: one } = loaders(0, 1);
      await world.aspire({ 0: zero, 1: one });
      one.hangUnloads();
      await world.aspire({ 0: zero });
      expect(world.states()).toEqual(["1 unloading", "0 available"]);
      expect(world.manager.acquire({ name: "m" }).id).toEqual(id(0));
      one.finishUnloads();
    });
  });

  describe("V1 an emission replaces the earlier one of that name, and nothing else", () => {
    it("loads what is new and keeps the others", async () => {
      const world = newWorld();
      const { 1: one, 2: two } = loaders(1, 2);
      await world.aspire({ 1: one });
      await world.aspire({ 1: one, 2: two });
      expect(world.available()).toEqual([1, 2]);
      expect([one.loads, two.loads]).toEqual([1, 1]);
    });

    it("ignores an equal list, also with new loaders", async () => {
      const world = newWorld();
      const first = loaders(1, 2);
      await world.aspire(first);
      const told = world.events.length;
      const again = loaders(1, 2);
      await world.aspire(again);
      expect(world.events).toHaveLength(told);
      expect([again[1].loads, again[2].loads]).toEqual([0, 0]);
    });

    it("leaves other names alone", async () => {
      const world = newWorld();
      await world.aspire(loaders(1), "a");
      await world.aspire(loaders(5), "b");
      await world.aspire({}, "a");
      expect(world.available("a")).toEqual([]);
      expect(world.available("b")).toEqual([5]);
      expect(world.manager.states("a")).toEqual([]);
    });

    it("does not queue lists: what was aspired in between is never loaded", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      const two = new FakeLoader();
      one.hangLoads();
      world.emit({ 1: one });
      world.emit({ 2: two });
      world.emit({ 1: one, 3: new FakeLoader() });
      one.finishLoads();
      await turn();
      expect(two.loads).toBe(0);
      expect(world.available()).toEqual([1, 3]);
    });

    it("assigns a name to the source that last emitted it", async () => {
      const world = newWorld();
      const other = new Subject<never>();
      world.manager.connect(other);
      await world.aspire(loaders(1));
      other.next({ name: "m", versions: [{ id: id(2), data: new FakeLoader() }] } as never);
      await turn();
      expect(world.available()).toEqual([2]);
    });
  });

  describe("V2 a version that is loaded and in the latest list is never unloaded", () => {
    it("keeps it when it is aspired with a new loader or with an error", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      await world.aspire({ 1: broken() });
      expect(world.states()).toEqual(["1 available"]);
    });

    it("keeps the old version when the new one fails to load", async () => {
      const world = newWorld({ maxLoadRetries: 0 });
      await world.aspire(loaders(0, 1));
      const seven = new FakeLoader();
      seven.failLoads();
      await world.aspire({ 7: seven });
      expect(world.states()).toEqual(["7 end: LOAD_FAILED", "1 available"]);
      await world.aspire(loaders(8));
      expect(world.states()).toEqual(["8 available"]);
    });
  });

  describe("V3 a version that the latest list omits is unloaded", () => {
    it("unloads all when the list is empty", async () => {
      const world = newWorld();
      const both = loaders(1, 2);
      await world.aspire(both);
      await world.aspire({});
      expect(world.manager.listAvailable()).toEqual([]);
      expect([both[1].live, both[2].live]).toEqual([0, 0]);
      expect(() => world.manager.acquire({ name: "m" })).toThrow("Latest(m)");
    });

    it("can go back to a smaller version number", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      await world.aspire(loaders(0));
      expect(world.available()).toEqual([0]);
    });

    it("aborts one that is loading", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      one.hangLoads();
      await world.aspire({ 1: one });
      await world.aspire({});
      expect(one.loading).toBe(0);
      expect(world.told(1)).toEqual(["start", "loading", "end"]);
    });

    it("unloads the result of a load that ignores its signal", async () => {
      const world = newWorld();
      const one = new FakeLoader({ honoursAbort: false });
      one.hangLoads();
      await world.aspire({ 1: one });
      await world.aspire({});
      expect(world.states()).toEqual(["1 loading"]);
      one.finishLoads();
      await turn();
      expect([one.loads, one.unloads, one.live]).toEqual([1, 1, 0]);
      expect(world.told(1)).toEqual(["start", "loading", "end"]);
    });

    it("emits an event if unloading such a late servable fails", async () => {
      const world = newWorld();
      const one = new FakeLoader({ honoursAbort: false });
      one.hangLoads();
      one.failUnloads();
      await world.aspire({ 1: one });
      await world.aspire({});
      one.finishLoads();
      await turn();
      expect(world.told(1).at(-1)).toBe("end: UNLOAD_FAILED");
    });

    it("cancels a version that waits for a retry, and its timer", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      expect(world.states()).toEqual(["1 loading (retry)"]);
      await world.aspire({});
      expect(world.states()).toEqual([]);
      expect(world.clock.pending).toBe(0);
    });

    it("cancels a version that waits for a load slot, without loading it", async () => {
      const world = newWorld();
      const busy = Array.from({ length: concurrency }, () => new FakeLoader());
      for (const loader of busy) loader.hangLoads();
      await world.aspire({ ...busy }, "busy");
      const one = new FakeLoader();
      await world.aspire({ 1: one });
      expect(world.states()).toEqual(["1 start (load-slot)"]);
      await world.aspire({});
      for (const loader of busy) loader.finishLoads();
      await turn();
      expect(world.available("busy")).toHaveLength(concurrency);
      expect(one.loads).toBe(0);
      expect(world.told(1)).toEqual(["start", "start (load-slot)", "end"]);
    });

    it("forgets a failed version, and the timer of its next load cycle", async () => {
      const world = newWorld({ maxLoadRetries: 0 });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      expect(world.clock.pending).toBe(1);
      await world.aspire({});
      expect(world.clock.pending).toBe(0);
      expect(world.states()).toEqual([]);
    });
  });

  it("V4 each load that succeeded is followed by exactly one disposal", async () => {
    const world = newWorld();
    const all = loaders(1, 2, 3);
    all[2].failLoads(1);
    await world.aspire(all);
    await world.clock.advance(60_000);
    const handle = world.manager.acquire({ name: "m" });
    for (const list of [{ 1: all[1] }, all, {}, all]) await world.aspire(list);
    handle.release();
    await turn();
    await world.manager.close();
    // The second one failed once.
    expect([all[1].unloads, all[2].unloads, all[3].unloads]).toEqual([
      all[1].loads,
      all[2].loads - 1,
      all[3].loads,
    ]);
    expect([all[1].live, all[2].live, all[3].live]).toEqual([0, 0, 0]);
    expect(all[1].loads).toBeGreaterThan(1);
  });

  describe("V5 a version that is aspired again while it unloads starts a new load cycle", () => {
    it("starts the new loader after the old version has unloaded", async () => {
      const world = newWorld();
      const first = new FakeLoader();
      const second = new FakeLoader();
      await world.aspire({ 7: first });
      const handle = world.manager.acquire({ name: "m" });
      await world.aspire({});
      await world.aspire({ 7: second });
      await world.clock.advance(1_000_000);
      expect([first.unloads, second.loads]).toEqual([0, 0]);
      expect(world.states()).toEqual(["7 unloading (handles)"]);
      handle.release();
      await turn();
      expect([first.live, second.live]).toEqual([0, 1]);
      expect(world.told(7).slice(-4)).toEqual(["end", "start", "loading", "available"]);
    });

    it("after an aborted load has ended", async () => {
      const world = newWorld();
      const first = new FakeLoader({ honoursAbort: false });
      const second = new FakeLoader();
      first.hangLoads();
      await world.aspire({ 7: first });
      await world.aspire({});
      await world.aspire({ 7: second });
      expect(second.loads).toBe(0);
      first.finishLoads();
      await turn();
      expect([first.live, second.live]).toEqual([0, 1]);
    });

    it("restarts a failed version immediately", async () => {
      const world = newWorld({ maxLoadRetries: 0 });
      const first = new FakeLoader();
      first.failLoads();
      await world.aspire({ 7: first });
      await world.aspire({});
      await world.aspire(loaders(7));
      expect(world.states()).toEqual(["7 available"]);
    });

    it("restarts a version that had not started to load immediately", async () => {
      const world = newWorld({ policy: resourcePreserving });
      const first = new FakeLoader();
      const old = new FakeLoader();
      await world.aspire({ 1: old });
      old.hangUnloads();
      await world.aspire({ 7: first });
      expect(world.states()).toEqual(["7 start", "1 unloading"]);
      await world.aspire({});
      expect(world.states()).toEqual(["1 unloading"]);
      const second = new FakeLoader();
      await world.aspire({ 7: second });
      old.finishUnloads();
      await turn();
      expect([first.loads, second.loads]).toEqual([0, 1]);
    });
  });

  describe("V6 a version that failed shows its error, its attempts and when it is tried next", () => {
    it("retries after the delay, up to the maximum, without holding a load slot", async () => {
      const world = newWorld({ maxLoadRetries: 2, loadRetryDelayMs: 1_000 });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      await world.aspire(loaders(5), "other");
      expect(world.available("other")).toEqual([5]);
      expect(world.manager.states("m")).toMatchObject([
        { state: "loading", waitingFor: "retry", attempts: 1, nextAttemptAtMs: 1_000 },
      ]);
      await world.clock.advance(999);
      expect(one.loads).toBe(1);
      await world.clock.advance(1);
      expect(one.loads).toBe(2);
      await world.clock.advance(1_000);
      expect(one.loads).toBe(3);
      expect(world.manager.states("m")).toMatchObject([
        { state: "end", attempts: 3, error: { reason: "LOAD_FAILED" }, nextAttemptAtMs: 62_000 },
      ]);
    });

    it("becomes available when a retry succeeds, without the error", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      one.failLoads(1);
      await world.aspire({ 1: one });
      await world.clock.advance(60_000);
      const [state] = world.manager.states();
      expect(state).toMatchObject({ state: "available", attempts: 2 });
      expect(state).not.toHaveProperty("error");
    });

    it("starts a new load cycle with the newest loader after a back-off that doubles up to its limit", async () => {
      const world = newWorld({ maxLoadRetries: 0, reloadBackoffMs: { min: 100, max: 350 } });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      for (const [lives, delayMs] of [100, 200, 350, 350].entries()) {
        expect(one.loads).toBe(lives + 1);
        await world.clock.advance(delayMs - 1);
        expect(one.loads).toBe(lives + 1);
        await world.clock.advance(1);
      }
      expect(one.loads).toBe(5);
      const newest = new FakeLoader();
      await world.aspire({ 1: newest });
      expect(newest.loads).toBe(0);
      await world.clock.advance(350);
      expect(newest.live).toBe(1);
    });

    it.each([
      ["waits for a retry", {}, "1 loading (retry)"],
      ["has ended", { maxLoadRetries: 0 }, "1 end: LOAD_FAILED"],
    ])(
      "is loaded again at once when its data has changed and it %s",
      async (_, options, failed) => {
        const probed: bigint[] = [];
        const probe = async ({ id }: { id: ServableId }) => void probed.push(id.version);
        const world = newWorld({ ...options, probe });
        const one = new FakeLoader();
        one.failLoads(2);
        const changes: (() => void)[] = [];
        const changed = () => new Promise<void>((resolve) => changes.push(resolve));
        const versions = [{ ...aspire(id(1), one), changed }];
        world.lists.next({ name: "m", versions });
        await turn();
        for (const loads of [1, 2]) {
          expect([world.states(), one.loads]).toEqual([[failed], loads]);
          changes.at(-1)?.();
          await turn();
        }
        expect(world.states()).toEqual(["1 available"]);
        expect(probed).toEqual([1n, 1n, 1n]);
        expect(world.clock.pending).toBe(0);
      },
    );

    it("stops listening for changes once it is no longer failed", async () => {
      const world = newWorld({ maxLoadRetries: 1 });
      const one = new FakeLoader();
      one.failLoads(1);
      const signals: AbortSignal[] = [];
      const changed = async (signal: AbortSignal) => {
        signals.push(signal);
        throw new Error("cannot tell");
      };
      world.lists.next({ name: "m", versions: [{ ...aspire(id(1), one), changed }] });
      await turn();
      expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
      await world.clock.advance(60_000);
      expect(world.states()).toEqual(["1 available"]);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    });

    it("emits the end of a failed load cycle once, with the start time of the next", async () => {
      const world = newWorld({ maxLoadRetries: 0 });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      expect(world.told(1)).toEqual(["start", "loading", "end: LOAD_FAILED"]);
      expect(world.events.at(-1)).toMatchObject({ nextAttemptAtMs: 60_000 });
    });

    it.each(["INVALID_ARGUMENT", "UNIMPLEMENTED"] as const)(
      "does not retry %s within a life",
      async (code) => {
        const world = newWorld();
        const one = new FakeLoader();
        one.failLoads(undefined, new ServingError(code, "HOPELESS", "hopeless"));
        await world.aspire({ 1: one });
        expect(world.states()).toEqual(["1 end: HOPELESS"]);
        expect(one.loads).toBe(1);
      },
    );

    it("asks shouldRetryLoad with the error and the id", async () => {
      const asked: unknown[] = [];
      const world = newWorld({
        shouldRetryLoad: (error, asker) => {
          asked.push([error.reason, asker]);
          return false;
        },
      });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      expect(asked).toEqual([["LOAD_FAILED", id(1)]]);
      expect(world.states()).toEqual(["1 end: LOAD_FAILED"]);
    });

    it("publishes a version with an error as ended, and does not load it", async () => {
      const world = newWorld();
      await world.aspire({ 3: broken("no such file") });
      expect(world.manager.states()).toMatchObject([
        { state: "end", attempts: 0, error: { message: "no such file" } },
      ]);
      expect(world.clock.pending).toBe(0);
    });

    it("loads a version with an error as soon as the source emits data", async () => {
      const world = newWorld();
      await world.aspire({ 3: broken() });
      await world.aspire({ 3: broken() });
      expect(world.told(3)).toEqual(["end: BROKEN"]);
      await world.aspire({ 3: broken("differently") });
      expect(world.told(3)).toHaveLength(2);
      await world.aspire(loaders(3));
      expect(world.states()).toEqual(["3 available"]);
    });

    it("loads the valid versions next to a version with an error", async () => {
      const world = newWorld();
      await world.aspire({ 1: new FakeLoader(), 2: broken(), 3: new FakeLoader() });
      expect(world.states()).toEqual(["3 available", "2 end: BROKEN", "1 available"]);
    });
  });

  describe("V7 a change of one name costs work for that name only", () => {
    it("calls the policy for that name only, with all its versions, newest first", async () => {
      const asked: string[] = [];
      const world = newWorld({
        policy: (versions) => {
          asked.push(versions.map(({ id, state }) => `${id.name}${id.version} ${state}`).join());
          return undefined;
        },
      });
      await world.aspire(loaders(1), "a");
      await world.aspire(loaders(2, 1), "b");
      expect(asked).toEqual(["a1 new", "b2 new,b1 new"]);
    });

    it("sets no timer while all is well", async () => {
      const world = newWorld();
      await world.aspire(loaders(1, 2));
      expect(world.clock.pending).toBe(0);
    });
  });

  describe("V8 available is emitted after acquire returns the version, unloading before it stops returning it", () => {
    it("emits the states in order in every load cycle", async () => {
      const world = newWorld();
      const seen: string[] = [];
      world.manager.events.subscribe((event) => {
        if (event.kind !== "state") return;
        const canAcquire = world.available().includes(Number(event.id.version));
        seen.push(`${event.state} ${canAcquire}`);
      });
      await world.aspire(loaders(1));
      await world.aspire({});
      expect(seen).toEqual([
        "start false",
        "loading false",
        "available true",
        "unloading true",
        "end false",
      ]);
    });

    it("waits for a handle that an observer of unloading acquires", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      const handles: Disposable[] = [];
      world.manager.events.subscribe((event) => {
        if (event.kind !== "state" || event.state !== "unloading" || handles.length > 0) return;
        handles.push(world.manager.acquire({ name: "m" }));
      });
      await world.aspire({ 1: one });
      await world.aspire({});
      expect(world.states()).toEqual(["1 unloading (handles)"]);
      handles[0]?.[Symbol.dispose]();
      await turn();
      expect(one.live).toBe(0);
    });
  });

  describe("V9 what fails becomes state or an event", () => {
    const failure = new Error("failed");
    const cases: Record<string, Partial<Loader<never>>> = {
      "load throws synchronously": {
        load: () => {
          throw failure;
        },
      },
      "load gives no promise and throws what is not an error": {
        load: () => {
          throw Object.create(null);
        },
      },
      "estimateResources throws synchronously": {
        estimateResources: () => {
          throw failure;
        },
      },
      "estimateResources rejects": { estimateResources: () => Promise.reject(failure) },
      "estimateResources gives NaN": { estimateResources: async () => ({ ramBytes: Number.NaN }) },
      "estimateResources gives a negative amount": {
        estimateResources: async () => ({ ramBytes: -1 }),
      },
      "probe rejects": { probe: () => Promise.reject(failure) },
      "probe throws synchronously": {
        probe: () => {
          throw failure;
        },
      },
    };
    it.each(Object.entries(cases))("%s", async (_, part) => {
      const world = newWorld({ maxLoadRetries: 0 });
      await world.aspire({ 1: Object.assign(new FakeLoader(), part) as never });
      expect(world.states()).toEqual(["1 end: LOAD_FAILED"]);
      await world.aspire(loaders(2));
      expect(world.states()).toEqual(["2 available"]);
    });

    it("preLoad, probe and shouldRetryLoad that throw fail the version only", async () => {
      for (const options of [
        {
          preLoad: () => {
            throw failure;
          },
        },
        { preLoad: () => Promise.reject(failure) },
        { probe: () => Promise.reject(failure) },
      ]) {
        const world = newWorld(options);
        await world.aspire(loaders(1));
        expect(world.manager.states()).toMatchObject([{ state: "end", attempts: 0 }]);
      }
      const world = newWorld({
        shouldRetryLoad: () => {
          throw failure;
        },
      });
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      expect(world.states()).toEqual(["1 end: LOAD_FAILED"]);
    });

    it("preLoad, then probe, then the loader's own probe run before the first attempt only", async () => {
      const calls: string[] = [];
      const world = newWorld({
        preLoad: (asker) => void calls.push(`preLoad ${asker.version}`),
        probe: async ({ id, signal }) => void calls.push(`probe ${id.version} ${signal.aborted}`),
      });
      const one = Object.assign(new FakeLoader(), {
        probe: async () => void calls.push("loader's probe"),
      });
      one.failLoads(1);
      await world.aspire({ 1: one });
      await world.clock.advance(60_000);
      expect(calls).toEqual(["preLoad 1", "probe 1 false", "loader's probe"]);
      expect(world.states()).toEqual(["1 available"]);
    });

    it("a policy that throws or returns an impossible action is reported and ignored", async () => {
      const policies = [
        () => {
          throw failure;
        },
        () => ({ kind: "unload", id: id(1) }) as const,
        () => ({ kind: "load", id: id(9) }) as const,
        () => ({}) as never,
      ];
      for (const policy of policies) {
        const world = newWorld({ policy });
        await world.aspire(loaders(1));
        expect(world.events.at(-1)).toMatchObject({
          kind: "policy-failed",
          name: "m",
          error: { reason: "POLICY_FAILED" },
        });
        expect(world.states()).toEqual(["1 start"]);
        await world.manager.close();
      }
    });

    it("a source that completes or fails unloads nothing, and is reported", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      world.lists.error(failure);
      world.manager.connect(of());
      world.manager.connect(throwError(() => failure));
      await turn();
      const ends = world.events.filter(({ kind }) => kind === "source-ended");
      expect(ends).toMatchObject([{ error: failure }, { error: undefined }, { error: failure }]);
      expect(world.available()).toEqual([1]);
    });

    it.each<[string, unknown]>([
      ["nothing", undefined],
      ["no name", { versions: [] }],
      ["no array", { name: "m", versions: "1" }],
      ["a version of another name", { name: "m", versions: [{ id: id(1, "x"), data: {} }] }],
      ["a number as version", { name: "m", versions: [{ id: { name: "m", version: 1 } }] }],
      ["a negative version", { name: "m", versions: [{ id: { name: "m", version: -1n } }] }],
      ["no version at all", { name: "m", versions: [null] }],
      ["an error that is none of ours", { name: "m", versions: [{ id: id(1), error: failure }] }],
      [
        "data that is not a loader",
        { name: "m", versions: [{ id: id(1), data: { path: "/m/1" } }] },
      ],
      ["neither data nor error", { name: "m", versions: [{ id: id(1) }] }],
      ["a list's error that is none of ours", { name: "m", versions: [], error: new Error("x") }],
      [
        "versions and an error",
        { name: "m", versions: [{ id: id(1), error: broken() }], error: broken() },
      ],
      [
        "a version twice",
        {
          name: "m",
          versions: [
            { id: id(1), error: broken() },
            { id: id(1), error: broken() },
          ],
        },
      ],
    ])("an emission with %s is ignored, and told", async (_, emission) => {
      const world = newWorld();
      await world.aspire(loaders(5));
      world.lists.next(emission as never);
      await turn();
      expect(world.events.at(-1)).toMatchObject({
        kind: "source-invalid",
        error: { reason: "INVALID_ASPIRED_VERSIONS" },
      });
      expect(world.available()).toEqual([5]);
    });

    it("accepts a source that emits and completes within subscribe", async () => {
      const world = newWorld();
      world.manager.connect(
        of({ name: "s", versions: [{ id: id(1, "s"), data: new FakeLoader() }] }),
      );
      await turn();
      expect(world.available("s")).toEqual([1]);
    });
  });
});

describe("AspiredVersionsManager", () => {
  it("disposing a connection ends the subscription and unloads nothing", async () => {
    const world = new ManagerWorld();
    const lists = new Subject<never>();
    const connection = world.manager.connect(lists);
    lists.next({ name: "m", versions: [{ id: id(1), data: new FakeLoader() }] } as never);
    await turn();
    connection[Symbol.dispose]();
    connection[Symbol.dispose]();
    expect(lists.observed).toBe(false);
    expect(world.available()).toEqual([1]);
  });

  it("works without observers, and with await using", async () => {
    const one = new FakeLoader();
    {
      await using manager = new AspiredVersionsManager<object>();
      manager.connect(of({ name: "m", versions: [{ id: id(1), data: one }] }));
      await manager.available({ name: "m" });
    }
    expect(one.live).toBe(0);
  });

  it.each([
    [{ loadConcurrency: 0 }, "loadConcurrency must be a number >= 1; got 0"],
    [{ initialLoadConcurrency: 0 }, "initialLoadConcurrency must be a number >= 1; got 0"],
    [{ unloadConcurrency: Number.NaN }, "unloadConcurrency must be a number >= 1; got NaN"],
    [{ maxLoadRetries: -1 }, "maxLoadRetries must be a number >= 0; got -1"],
    [{ loadRetryDelayMs: -1 }, "loadRetryDelayMs must be a number >= 0; got -1"],
    [{ reloadBackoffMs: { min: -1, max: 1 } }, "reloadBackoffMs.min must be a number >= 0; got -1"],
    [
      { resourceLimits: { ramBytes: -1 } },
      'the amount of resource "ramBytes" must be a finite number >= 0; got -1',
    ],
  ])("refuses %j", (options, message) => {
    expect(() => new AspiredVersionsManager(options)).toThrow(new RangeError(message));
  });

  it("notifies ten thousand observers in one order", async () => {
    const world = new ManagerWorld();
    const counts: ManagerEvent[][] = Array.from({ length: 10_000 }, () => []);
    for (const count of counts) world.manager.events.subscribe((event) => count.push(event));
    await world.aspire(loaders(1));
    expect(counts.every((count) => count.length === 3 && count[0] === counts[0]?.[0])).toBe(true);
  });
});

describe("AspiredVersionsManager.from", () => {
  it("makes a manager that is connected, of the type of the source's servables", async () => {
    const list = { name: "m", versions: [{ id: id(1), data: { load: async () => "a string" } }] };
    const manager = AspiredVersionsManager.from(of(list));
    await manager.available({ name: "m" });
    expectTypeOf(manager).toEqualTypeOf<AspiredVersionsManager<string>>();
    using handle = manager.acquire({ name: "m" });
    expect(handle.servable).toBe("a string");
    handle.release();
    await manager.close();
  });
});
