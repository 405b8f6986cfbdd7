import { FakeLoader, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { loaders, worldsOf } from "../test/manager-world.js";
import type { Loader } from "./loader.js";
import { resourcePreserving } from "./resource-preserving-policy.js";

describe.each([1, 4])("AspiredVersionsManager with load concurrency %i", (concurrency) => {
  const newWorld = worldsOf(concurrency);

  describe("resources", () => {
    const needing = (ramBytes: number) => new FakeLoader({ resources: { ramBytes } });

    it("lets loads that fit together run together", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      const both = { 1: needing(5), 2: needing(5) };
      for (const loader of Object.values(both)) loader.hangLoads();
      await world.aspire(both);
      expect(both[1].loading + both[2].loading).toBe(Math.min(2, concurrency));
      for (const loader of Object.values(both)) loader.finishLoads();
      await turn();
      expect(world.available()).toEqual([1, 2]);
    });

    it("reports a version that does not fit, and loads it when another version unloads", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      await world.aspire({ 1: needing(10) }, "hog");
      await world.aspire({ 1: needing(1) });
      expect(world.manager.states("m")).toMatchObject([
        {
          state: "start",
          waitingFor: "resources",
          error: {
            code: "RESOURCE_EXHAUSTED",
            message:
              "Insufficient resources to load servable {name: m version: 1}: it needs ramBytes 1, " +
              "and ramBytes 10 of ramBytes 10 is reserved; it will be loaded when enough is released",
          },
        },
      ]);
      await world.aspire({}, "hog");
      expect(world.states()).toEqual(["1 available"]);
    });

    it("fails a version that exceeds a limit by itself, and loads the others", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      await world.aspire({ 2: needing(11), 1: needing(10) });
      expect(world.states()).toEqual(["2 end: NEVER_FITS", "1 available"]);
    });

    it("releases the reservation of a failed load", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 }, maxLoadRetries: 0 });
      const failing = needing(10);
      failing.failLoads();
      await world.aspire({ 1: failing }, "failing");
      await world.aspire({ 1: needing(10) });
      expect(world.states()).toEqual(["1 available"]);
    });

    it("releases the reservation when the unload has ended, not before", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      const leaving = needing(10);
      await world.aspire({ 1: leaving }, "leaving");
      leaving.hangUnloads();
      await world.aspire({}, "leaving");
      await world.aspire({ 1: needing(10) });
      expect(world.states()).toEqual(["1 start (resources)"]);
      leaving.finishUnloads();
      await turn();
      expect(world.states()).toEqual(["1 available"]);
    });

    it("releases the difference when the estimate is lower after loading", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      const over = new FakeLoader();
      const estimate = async () => ({ ramBytes: over.loads === 0 ? 10 : 5 });
      await world.aspire({ 1: Object.assign(over, { estimateResources: estimate }) }, "over");
      await world.aspire({ 1: needing(5) });
      expect(world.states()).toEqual(["1 available"]);
    });

    it("ignores an estimate that grows or fails after loading", async () => {
      const world = newWorld({ resourceLimits: { ramBytes: 10 } });
      const growing = new FakeLoader();
      const failing = new FakeLoader();
      await world.aspire({
        1: Object.assign(growing, {
          estimateResources: async () => ({ ramBytes: 5 + growing.loads }),
        }),
        2: Object.assign(failing, {
          estimateResources: async () => {
            if (failing.loads > 0) throw new Error("gone");
            return { ramBytes: 5 };
          },
        }),
      });
      expect(world.available()).toEqual([1, 2]);
    });

    it("cancels a version whose estimate never resolves", async () => {
      const world = newWorld();
      const one = Object.assign(new FakeLoader(), {
        estimateResources: () => new Promise(() => {}),
      });
      await world.aspire({ 1: one as never });
      await world.aspire({});
      expect(world.states()).toEqual([]);
    });

    it("swaps with the resource-preserving policy if only one version fits", async () => {
      const world = newWorld({ policy: resourcePreserving, resourceLimits: { ramBytes: 10 } });
      await world.aspire({ 1: needing(10) });
      const handle = world.manager.acquire({ name: "m" });
      await world.aspire({ 2: needing(10) });
      expect(world.states()).toEqual(["2 start", "1 unloading (handles)"]);
      handle.release();
      await turn();
      expect(world.states()).toEqual(["2 available"]);
    });
  });

  describe("concurrency", () => {
    const most = (limit: number, initial = limit) => {
      let peak = 0;
      let now = 0;
      const release: (() => void)[] = [];
      const loader: Loader<object> = {
        load: () => {
          peak = Math.max(peak, ++now);
          return new Promise((resolve) =>
            release.push(() => {
              now--;
              resolve({});
            }),
          );
        },
      };
      const world = newWorld({ loadConcurrency: limit, initialLoadConcurrency: initial });
      const next = async () => {
        for (const end of release.splice(0)) end();
        await turn();
      };
      return { world, loader: loader as never, next, peak: () => peak };
    };

    it("loads at most the allowed number of versions at a time", async () => {
      const { world, loader, next, peak } = most(concurrency);
      await world.aspire(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, loader])));
      for (let i = 0; i < 9; i++) await next();
      expect(world.available()).toHaveLength(9);
      expect(peak()).toBe(concurrency);
    });

    it("loads fast until the first loads are done, then at the usual rate", async () => {
      const { world, loader, next, peak } = most(concurrency, 6);
      const many = (from: number) =>
        Object.fromEntries(Array.from({ length: 8 }, (_, i) => [from + i, loader]));
      await world.aspire(many(0));
      expect(peak()).toBe(6);
      await next();
      await next();
      expect(world.available()).toHaveLength(8);
      await world.aspire(many(0), "later");
      expect(world.states("later").filter((s) => s.endsWith("loading"))).toHaveLength(concurrency);
      for (let i = 0; i < 9; i++) await next();
    });

    it("unloads at most the allowed number of versions at a time", async () => {
      const world = newWorld();
      const many = loaders(1, 2, 3, 4, 5, 6);
      await world.aspire(many);
      for (const loader of Object.values(many)) loader.hangUnloads();
      await world.aspire({});
      const unloads = () => Object.values(many).reduce((sum, { unloads }) => sum + unloads, 0);
      expect(unloads()).toBe(concurrency);
      expect(world.states().filter((s) => s.endsWith("(unload-slot)"))).toHaveLength(
        6 - concurrency,
      );
      for (const loader of Object.values(many)) loader.finishUnloads();
      await turn();
      expect(unloads()).toBe(6);
      expect(world.manager.states()).toEqual([]);
    });

    it("loads and unloads twenty versions in any order", async () => {
      const world = newWorld();
      const twenty = loaders(...Array.from({ length: 20 }, (_, i) => i));
      await world.aspire(twenty);
      expect(world.available()).toHaveLength(20);
      for (let i = 19; i >= 0; i--) {
        delete twenty[i];
        world.emit({ ...twenty });
      }
      await turn();
      expect(world.manager.states()).toEqual([]);
    });
  });
});
