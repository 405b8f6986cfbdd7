import { FakeClock, FakeLoader, type FakeServable, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { broken, id } from "../test/manager-world.js";
import { aspire } from "./aspired-versions.js";
import type { HarnessContext } from "./harness-context.js";
import { LoaderHarness } from "./loader-harness.js";
import { silentLogger } from "./logger.js";
import { ResourceTracker } from "./resources.js";
import { Semaphore } from "./semaphore.js";
import { ServableHandle } from "./servable-handle.js";
import { WaitQueue } from "./wait-queue.js";

/** A harness with nothing around it but what tells its states. */
function harnessOf(loader = new FakeLoader(), options: Partial<HarnessContext<FakeServable>> = {}) {
  const clock = new FakeClock();
  const told: string[] = [];
  const context: HarnessContext<FakeServable> = {
    clock,
    logger: silentLogger,
    loadSlots: new Semaphore(1),
    unloadSlots: new Semaphore(1),
    resources: new ResourceTracker({ ramBytes: 10 }),
    resourceQueue: new WaitQueue(),
    maxLoadRetries: 1,
    loadRetryDelayMs: 10,
    ...{ loadTimeoutMs: 600_000, unloadTimeoutMs: 60_000, hanging: new Map() },
    shouldRetryLoad: () => true,
    estimate: (loader) => loader.estimateResources?.(),
    beforeLoad: async () => {},
    ...options,
  };
  let idle = 0;
  const harness = new LoaderHarness(
    context,
    {
      changed: ({ phase, state }) =>
        told.push(`${phase}: ${state.state}${state.waitingFor ? ` (${state.waitingFor})` : ""}`),
      idle: () => idle++,
    },
    aspire(id(1), loader),
  );
  return { harness, loader, clock, context, told, idle: () => idle };
}

describe("LoaderHarness", () => {
  it("is new at first, and has emitted nothing", () => {
    const { harness, told, loader } = harnessOf();
    expect(harness.phase).toBe("new");
    expect(harness.state).toEqual({ id: id(1), state: "start", attempts: 0, atMs: 0 });
    expect([told, loader.loads]).toEqual([[], 0]);
  });

  it("goes through loading, ready, unloading and ended", async () => {
    const { harness, told, loader, clock } = harnessOf();
    harness.load();
    expect(harness.phase).toBe("loading");
    await turn();
    await clock.advance(5);
    harness.unload();
    await turn();
    expect(told).toEqual([
      "loading: loading",
      "ready: available",
      "leaving: unloading",
      "ended: end",
    ]);
    expect(harness.state).toEqual({ id: id(1), state: "end", attempts: 1, atMs: 5 });
    expect(loader.live).toBe(0);
    expect(harness.servable).toBeUndefined();
  });

  it("starts and ends as failed if it has an error instead of a loader", () => {
    const { context } = harnessOf();
    const version = { id: id(1), error: broken() };
    const harness = new LoaderHarness(context, { changed: () => {} }, version);
    expect([harness.phase, harness.isErrorVersion, harness.error]).toEqual([
      "failed",
      true,
      version.error,
    ]);
  });

  it("fails when loading and its retries do", async () => {
    const { harness, told, loader, clock } = harnessOf();
    loader.failLoads();
    harness.load();
    await turn();
    expect(harness.state).toMatchObject({ error: { reason: "LOAD_FAILED" }, nextAttemptAtMs: 10 });
    await clock.advance(10);
    expect(told).toEqual([
      "loading: loading",
      "loading: loading (retry)",
      "loading: loading",
      "failed: end",
    ]);
    expect(harness.state).toMatchObject({ attempts: 2, error: { message: /load failed/ } });
  });

  it("does not retry after it was cancelled", async () => {
    const { harness, loader, clock } = harnessOf();
    loader.failLoads();
    harness.load();
    await turn();
    harness.cancel();
    await clock.advance(1_000);
    expect([harness.phase, loader.loads, clock.pending]).toEqual(["ended", 1, 0]);
  });

  it("cancelling a ready, unloading, failed or ended version does nothing", async () => {
    const { harness } = harnessOf();
    harness.load();
    await turn();
    harness.cancel();
    expect(harness.phase).toBe("ready");
    const handle = new ServableHandle(harness);
    harness.unload();
    harness.cancel();
    expect(harness.phase).toBe("leaving");
    handle.release();
    await turn();
    harness.cancel();
    expect(harness.phase).toBe("ended");
  });

  it("does not run what comes before loading when it was cancelled meanwhile", async () => {
    const context = { loadSlots: new Semaphore(1) };
    let calls = 0;
    const { harness } = harnessOf(new FakeLoader(), {
      ...context,
      beforeLoad: async () => void calls++,
    });
    context.loadSlots.tryAcquire();
    harness.load();
    await turn();
    // The slot comes, and the cancel right after it.
    context.loadSlots.release();
    harness.cancel();
    await turn();
    expect([calls, harness.phase]).toEqual([0, "ended"]);
    expect(context.loadSlots.tryAcquire()).toBe(true);
  });

  it("returns its slot and resources if it is cancelled while it receives them", async () => {
    const resources = new ResourceTracker({ ramBytes: 10 });
    const resourceQueue = new WaitQueue();
    resources.reserve({ ramBytes: 10 });
    const { harness, context } = harnessOf(new FakeLoader({ resources: { ramBytes: 10 } }), {
      resources,
      resourceQueue,
    });
    harness.load();
    await turn();
    expect(harness.state.waitingFor).toBe("resources");
    resources.release({ ramBytes: 10 });
    resourceQueue.wakeAll();
    harness.cancel();
    await turn();
    expect(harness.phase).toBe("ended");
    expect(resources.reserved).toEqual({});
    expect(context.loadSlots.tryAcquire()).toBe(true);
  });

  it("reports the reason for waiting only while it waits", async () => {
    const { harness, told, context } = harnessOf();
    context.loadSlots.tryAcquire();
    context.unloadSlots.tryAcquire();
    harness.load();
    await turn();
    context.loadSlots.release();
    await turn();
    const handle = new ServableHandle(harness);
    harness.unload();
    handle.release();
    await turn();
    expect(harness.state.waitingFor).toBe("unload-slot");
    context.unloadSlots.release();
    await turn();
    expect(told).toEqual([
      "loading: start (load-slot)",
      "loading: loading",
      "ready: available",
      "leaving: unloading",
      "leaving: unloading (handles)",
      "leaving: unloading (unload-slot)",
      "ended: end",
    ]);
  });

  it("notifies its owner when the last handle is released", async () => {
    const { harness, idle } = harnessOf();
    harness.load();
    await turn();
    const [first, second] = [new ServableHandle(harness), new ServableHandle(harness)];
    first.release();
    expect(idle()).toBe(0);
    second.release();
    expect(idle()).toBe(1);
  });

  it("keeps the servable for handles that were abandoned, until they are released", async () => {
    const { harness } = harnessOf();
    harness.load();
    await turn();
    const handle = new ServableHandle(harness);
    harness.unload();
    harness.abandonHandles();
    await turn();
    expect(harness.phase).toBe("ended");
    expect(handle.servable.isUnloaded).toBe(true);
    handle.release();
    expect(harness.servable).toBeUndefined();
  });

  it("ends with the error of an unload that failed", async () => {
    const { harness, loader, context } = harnessOf();
    loader.failUnloads();
    harness.load();
    await turn();
    harness.unload();
    await turn();
    expect([harness.phase, harness.error?.reason]).toEqual(["ended", "UNLOAD_FAILED"]);
    expect(context.unloadSlots.tryAcquire()).toBe(true);
  });
});
