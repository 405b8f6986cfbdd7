import { FakeLoader, type FakeServable, turn } from "@serving-kit/testing";
import { NEVER, Observable, of, Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { broken, id, loaders, ManagerWorld, worldsOf } from "../test/manager-world.js";
import { AspiredVersionsManager } from "./aspired-versions-manager.js";

describe.each([1, 4])("AspiredVersionsManager with load concurrency %i", (concurrency) => {
  const newWorld = worldsOf(concurrency);

  describe("observers that act within an event", () => {
    it("see one order of events, and a list that they cause is taken up", async () => {
      const world = newWorld();
      const late: string[] = [];
      world.manager.events.subscribe((event) => {
        if (event.kind === "state" && event.state === "available") world.emit({});
      });
      world.manager.events.subscribe((event) => {
        if (event.kind === "state") late.push(`${event.state} ${world.available()}`);
      });
      await world.aspire(loaders(1));
      expect(late).toEqual(["start ", "loading ", "available 1", "unloading 1", "end "]);
      expect(world.manager.states()).toEqual([]);
    });

    it.each(["start", "loading", "available", "unloading", "end"])(
      "may withdraw and aspire again at %s",
      async (at) => {
        const world = newWorld();
        const all = [new FakeLoader(), new FakeLoader(), new FakeLoader()];
        let acted = false;
        world.manager.events.subscribe((event) => {
          if (event.kind !== "state" || event.state !== at || acted) return;
          acted = true;
          world.emit({});
          world.emit({ 2: all[1] as FakeLoader });
        });
        await world.aspire({ 1: all[0] as FakeLoader });
        await world.aspire({ 2: all[2] as FakeLoader });
        expect(world.states()).toEqual(["2 available"]);
        await world.manager.close();
        for (const loader of all) expect([loader.live, loader.loading]).toEqual([0, 0]);
      },
    );

    it("may close, connect, label and wait", async () => {
      const world = newWorld();
      const waits: Promise<unknown>[] = [];
      world.manager.events.subscribe((event) => {
        if (event.kind !== "state" || event.state !== "available") return;
        world.manager.setLabels("m", { stable: event.id.version });
        world.manager.acquire({ name: "m", label: "stable" }).release();
        world.manager.connect(NEVER);
        world.manager.connect(of({ name: "n", versions: [] }));
        waits.push(world.manager.close());
        waits.push(world.manager.available({ name: "n" }).catch(() => {}));
      });
      const one = new FakeLoader();
      await world.aspire({ 1: one });
      await Promise.all(waits);
      expect(waits).toHaveLength(2);
      expect(one.live).toBe(0);
    });
  });

  describe("labels", () => {
    it("are emitted when they are set, after they take effect", () => {
      const world = new ManagerWorld();
      const told: unknown[] = [];
      world.manager.events.subscribe((event) => {
        if (event.kind === "labels") told.push([event.name, ...world.manager.labels(event.name)]);
      });
      world.manager.setLabels("m", { stable: 1 });
      world.manager.setLabels("m", {});
      expect(told).toEqual([["m", ["stable", { pending: 1n }]], ["m"]]);
    });

    it("point at a version, and move when the new one is available", async () => {
      const world = newWorld();
      const { 1: one, 2: two } = loaders(1, 2);
      world.manager.setLabels("m", { stable: 1, canary: 2 });
      expect(() => world.manager.acquire({ name: "m", label: "stable" })).toThrow(
        "Label(m, stable)",
      );
      await world.aspire({ 1: one });
      expect(world.manager.acquire({ name: "m", label: "stable" }).id).toEqual(id(1));
      world.manager.setLabels("m", { stable: 2 });
      expect(world.manager.labels("m").get("stable")).toEqual({ version: 1n, pending: 2n });
      expect(world.manager.acquire({ name: "m", label: "stable" }).id).toEqual(id(1));
      expect(() => world.manager.acquire({ name: "m", label: "canary" })).toThrow(
        "Unrecognized servable version label: canary",
      );
      await world.aspire({ 1: one, 2: two });
      expect(world.manager.acquire({ name: "m", label: "stable" }).id).toEqual(id(2));
      await world.aspire({ 1: one });
      expect(() => world.manager.acquire({ name: "m", label: "stable" })).toThrow("not found");
    });

    it("wake the callers that wait for them", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      const waiting = world.manager.available({ name: "m", label: "stable" });
      world.manager.setLabels("m", { stable: 1 });
      await waiting;
    });
  });

  describe("available", () => {
    it("resolves when acquire would succeed", async () => {
      const world = newWorld();
      const waiting = world.manager.available({ name: "m", version: 2 });
      await world.aspire(loaders(1));
      await world.aspire(loaders(1, 2));
      await waiting;
      await world.manager.available({ name: "m" });
    });

    it("rejects with the version's error when all that could fulfil the request has failed", async () => {
      const world = newWorld({ maxLoadRetries: 0 });
      const one = new FakeLoader();
      one.failLoads(undefined, broken("bad bytes"));
      const latest = world.manager.available({ name: "m" });
      const exact = world.manager.available({ name: "m", version: 1 });
      await Promise.all([
        world.aspire({ 1: one }),
        expect(latest).rejects.toThrow("bad bytes"),
        expect(exact).rejects.toThrow("bad bytes"),
      ]);
    });

    it("keeps waiting while another version might become available", async () => {
      const world = newWorld();
      const two = new FakeLoader();
      two.hangLoads();
      const waiting = world.manager.available({ name: "m" });
      await world.aspire({ 1: broken(), 2: two });
      two.finishLoads();
      await waiting;
    });

    it("rejects if one version failed and the last remaining candidate is withdrawn", async () => {
      const world = newWorld();
      const two = new FakeLoader();
      two.hangLoads();
      const waiting = world.manager.available({ name: "m" });
      await world.aspire({ 1: broken("bad"), 2: two });
      world.emit({ 1: broken("bad") });
      await expect(waiting).rejects.toThrow("bad");
    });

    const nothing = { name: "m", versions: [], error: broken("there is no such path") };

    it.each([{}, { version: 1 }, { label: "stable" }])(
      "rejects with the source's error when there is nothing to wait for: %o",
      async (wanted) => {
        const world = newWorld();
        const waiting = world.manager.available({ name: "m", ...wanted });
        const rejected = expect(waiting).rejects.toBe(nothing.error);
        world.lists.next(nothing);
        await rejected;
        await expect(world.manager.available({ name: "m", ...wanted })).rejects.toBe(nothing.error);
        expect(world.manager.states()).toEqual([]);
        expect(() => world.manager.acquire({ name: "m" })).toThrow("Servable not found");
      },
    );

    it("waits again when the source takes the error back", async () => {
      const world = newWorld();
      world.lists.next(nothing);
      world.emit({});
      const waiting = world.manager.available({ name: "m" });
      await world.aspire(loaders(1));
      await waiting;
      world.lists.next(nothing);
      await turn();
      expect(world.states()).toEqual([]);
      await world.manager.close();
    });

    it("rejects when no source is left that could list the version", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      const never = world.manager.available({ name: "x" });
      const other = world.manager.available({ name: "m", version: 2 });
      const ended = { code: "FAILED_PRECONDITION", reason: "SOURCES_ENDED" };
      const rejected = Promise.all([
        expect(never).rejects.toMatchObject({ ...ended, message: expect.stringMatching(/disk$/) }),
        expect(other).rejects.toMatchObject(ended),
      ]);
      world.lists.error(new Error("disk"));
      await rejected;
      await world.manager.available({ name: "m" });
      const more = new Subject<never>();
      world.manager.connect(more);
      const again = world.manager.available({ name: "x" });
      more.complete();
      await expect(again).rejects.toMatchObject(ended);
    });

    it("waits for a source that is still to be connected", async () => {
      const world = newWorld();
      world.manager.connect(NEVER)[Symbol.dispose]();
      const manager = new AspiredVersionsManager<FakeServable>({ clock: world.clock });
      const waiting = manager.available({ name: "m" });
      manager.connect(world.lists);
      await world.aspire(loaders(1));
      await waiting;
    });

    it("reports the last state when it times out, and leaves no timer", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      one.failLoads();
      await world.aspire({ 1: one });
      const waiting = world.manager.available({ name: "m" }, { timeoutMs: 50 });
      const rejected = expect(waiting).rejects.toThrow(
        "Latest(m) was not reached within 50 ms (version 1 is at loading, waiting for retry: " +
          "loading {name: m version: 1} failed: load failed)",
      );
      await world.clock.advance(50);
      await rejected;
      const never = world.manager.available({ name: "x" }, { timeoutMs: 5 });
      const alsoRejected = expect(never).rejects.toThrow("(no version is aspired)");
      await world.clock.advance(5);
      await alsoRejected;
    });

    it("rejects with the signal's reason", async () => {
      const world = newWorld();
      const controller = new AbortController();
      const waiting = world.manager.available({ name: "m" }, { signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
    });

    it("rejects when the manager closes", async () => {
      const world = newWorld();
      const waiting = world.manager.available({ name: "m" });
      await Promise.all([
        world.manager.close(),
        expect(waiting).rejects.toMatchObject({ reason: "MANAGER_CLOSED" }),
      ]);
      await expect(world.manager.available({ name: "m" })).rejects.toThrow("closed");
    });
  });

  describe("close", () => {
    it("aborts loading versions, cancels waiting and failed versions, and unloads ready versions", async () => {
      const world = newWorld({ maxLoadRetries: 1, resourceLimits: { ramBytes: 1 } });
      const ready = new FakeLoader({ resources: { ramBytes: 1 } });
      const waiting = new FakeLoader({ resources: { ramBytes: 1 } });
      const retrying = new FakeLoader();
      const hanging = new FakeLoader();
      await world.aspire({ 1: ready }, "ready");
      retrying.failLoads();
      hanging.hangLoads();
      await world.aspire({ 1: retrying }, "retrying");
      await world.aspire({ 1: waiting }, "waiting");
      await world.aspire({ 1: broken() }, "broken");
      await world.aspire({ 1: hanging }, "hanging");
      await world.manager.close();
      expect(world.manager.states()).toEqual([]);
      expect([ready.live, hanging.loading, waiting.loads]).toEqual([0, 0, 0]);
      expect(world.clock.pending).toBe(0);
      expect(world.lists.observed).toBe(false);
    });

    it("completes the events, after the last of them", async () => {
      const world = newWorld();
      let isComplete = false;
      world.manager.events.subscribe({
        complete: () => {
          isComplete = true;
        },
      });
      await world.aspire(loaders(1));
      await world.manager.close();
      expect(isComplete).toBe(true);
      expect(world.told(1).at(-1)).toBe("end");
    });

    it("rejects new sources, and ignores the old ones", async () => {
      const world = newWorld();
      const closed = world.manager.close();
      expect(() => world.manager.connect(NEVER)).toThrow("the manager is closed or closing");
      world.emit(loaders(1));
      await closed;
      expect(world.events).toEqual([]);
    });

    it("rejects when versions could not be unloaded, after unloading the others", async () => {
      const world = newWorld();
      const { 1: bad, 2: good } = loaders(1, 2);
      bad.failUnloads();
      await world.aspire({ 1: bad, 2: good });
      await expect(world.manager.close()).rejects.toThrow(
        "1 of the versions could not be unloaded: unloading {name: m version: 1} failed: unload " +
          "failed; its resources may leak",
      );
      expect(good.live).toBe(0);
    });

    it("continues if a source throws during unsubscribe", async () => {
      const world = newWorld();
      const one = new FakeLoader();
      world.manager.connect(
        new Observable(() => () => {
          throw new Error("stuck");
        }),
      );
      await world.aspire({ 1: one });
      await world.manager.close();
      expect(one.live).toBe(0);
      expect(world.events.some(({ kind }) => kind === "source-ended")).toBe(true);
    });

    it("when its signal aborts, lets handles keep a servable that was unloaded", async () => {
      const world = newWorld();
      await world.aspire(loaders(1));
      const handle = world.manager.acquire({ name: "m" });
      const controller = new AbortController();
      const first = world.manager.close();
      const second = world.manager.close({ signal: controller.signal });
      expect(second).toBe(first);
      await turn();
      controller.abort();
      await first;
      expect(handle.servable.isUnloaded).toBe(true);
      handle.release();
    });
  });
});
