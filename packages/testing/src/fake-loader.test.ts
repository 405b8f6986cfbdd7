import { servableId, unload } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.js";
import { FakeLoader } from "./fake-loader.js";

const id = servableId("m", 1);
const context = () => ({ id, signal: new AbortController().signal });

describe("FakeLoader", () => {
  it("counts loads, unloads and what is live", async () => {
    const loader = new FakeLoader();
    const [first, second] = [await loader.load(context()), await loader.load(context())];
    expect([loader.loads, loader.live, first.load, second.load]).toEqual([2, 2, 1, 2]);
    await unload(first);
    await unload(first);
    expect([loader.unloads, loader.live]).toEqual([2, 1]);
    expect([first.isUnloaded, second.isUnloaded]).toEqual([true, false]);
  });

  it("fails on demand, and then no more", async () => {
    const loader = new FakeLoader();
    loader.failLoads(2, new Error("disk full"));
    await expect(loader.load(context())).rejects.toThrow("disk full");
    await expect(loader.load(context())).rejects.toThrow("disk full");
    const servable = await loader.load(context());
    expect(loader.live).toBe(1);
    loader.failUnloads();
    await expect(unload(servable)).rejects.toThrow("unload failed");
    expect(loader.live).toBe(0);
  });

  it("hangs on demand, until released or aborted", async () => {
    const loader = new FakeLoader();
    loader.hangLoads();
    const controller = new AbortController();
    const aborted = loader.load({ id, signal: controller.signal });
    const finished = loader.load(context());
    controller.abort("not wanted");
    await expect(aborted).rejects.toBe("not wanted");
    expect(loader.loading).toBe(1);
    loader.finishLoads();
    const servable = await finished;
    loader.hangUnloads();
    const unloaded = unload(servable);
    expect(servable.isUnloaded).toBe(false);
    loader.finishUnloads();
    await unloaded;
    expect([servable.isUnloaded, loader.loading, loader.live]).toEqual([true, 0, 0]);
  });

  it("continues after an abort if it does not honour signals", async () => {
    const loader = new FakeLoader({ honoursAbort: false });
    const servable = await loader.load({ id, signal: AbortSignal.abort() });
    expect([servable.id, loader.live]).toEqual([id, 1]);
  });

  it("takes its time on the clock", async () => {
    const clock = new FakeClock();
    const loader = new FakeLoader({ loadMs: 20, clock });
    const load = loader.load(context());
    await clock.advance(19);
    expect(loader.live).toBe(0);
    await clock.advance(1);
    expect(loader.live).toBe(1);
    await load;
  });

  it("has an estimate only if resources are given", async () => {
    expect(new FakeLoader().estimateResources).toBeUndefined();
    const loader = new FakeLoader({ resources: { ramBytes: 5 } });
    expect(await loader.estimateResources?.()).toEqual({ ramBytes: 5 });
  });
});
