import { FakeClock, FakeLoader, turn } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { ManagerWorld } from "../test/manager-world.js";
import { type LoadContext, silentLogger } from "./index.js";
import { timedLoad } from "./timed-load.js";

const MINUTE_MS = 60_000;

it("V10 a load that hangs releases its slot to another version, and is disposed when it ends", async () => {
  const world = new ManagerWorld({
    loadConcurrency: 1,
    initialLoadConcurrency: 1,
    maxLoadRetries: 3,
  });
  const hanging = new FakeLoader({ honoursAbort: false });
  hanging.hangLoads();
  await world.aspire({ 1: hanging });
  const other = new FakeLoader();
  await world.aspire({ 1: other }, "other");
  expect(world.states("other")).toEqual(["1 start (load-slot)"]);
  await world.clock.advance(10 * MINUTE_MS);
  expect(world.states("other")).toEqual(["1 available"]);
  expect(world.manager.states("m")[0]).toMatchObject({
    state: "end",
    error: { code: "DEADLINE_EXCEEDED", reason: "LOAD_TIMED_OUT" },
  });
  // Not loaded again while the first load runs.
  await world.clock.advance(5 * MINUTE_MS);
  expect(hanging.loads).toBe(1);
  expect(world.manager.states("m")[0]).toMatchObject({ error: { reason: "LOAD_STILL_RUNS" } });
  hanging.finishLoads();
  await turn();
  expect([hanging.live, hanging.unloads]).toEqual([0, 1]);
  await world.clock.advance(10 * MINUTE_MS);
  expect(world.states("m")).toEqual(["1 available"]);
});

it("V10 a disposal that hangs releases its slot to another version", async () => {
  const world = new ManagerWorld({ unloadConcurrency: 1, resourceLimits: { ram: 1 } });
  const hanging = new FakeLoader({ resources: { ram: 1 } });
  hanging.hangUnloads();
  await world.aspire({ 1: hanging });
  await world.aspire({});
  expect(world.states()).toEqual(["1 unloading"]);
  const next = new FakeLoader({ resources: { ram: 1 } });
  await world.aspire({ 1: next }, "other");
  await world.clock.advance(MINUTE_MS);
  expect(world.told(1).at(-1)).toBe("end: UNLOAD_TIMED_OUT");
  // What it holds is not free yet.
  expect(next.loads).toBe(0);
  hanging.finishUnloads();
  await turn();
  expect(world.states("other")).toEqual(["1 available"]);
});

it("V10 a removed version whose load hangs leaves after its time, also with a probe that hangs", async () => {
  const world = new ManagerWorld({
    loadTimeoutMs: 5,
    probe: ({ id }) => (id.name === "probed" ? new Promise(() => {}) : Promise.resolve()),
  });
  const hanging = new FakeLoader({ honoursAbort: false });
  hanging.hangLoads();
  const probed = new FakeLoader();
  await world.aspire({ 1: hanging });
  await world.aspire({ 1: probed }, "probed");
  await world.aspire({});
  expect(world.states()).toEqual(["1 loading"]);
  await world.clock.advance(5);
  expect(world.told(1).at(-1)).toBe("end");
  expect(world.manager.states("probed")[0]).toMatchObject({ error: { reason: "LOAD_TIMED_OUT" } });
  await world.clock.advance(1_000_000);
  expect(probed.loads).toBe(0);
});

it("progress starts the time of a load again", async () => {
  const clock = new FakeClock();
  const id = { name: "m", version: 1n };
  const context = { id, signal: new AbortController().signal, clock, logger: silentLogger };
  let progressed: LoadContext["progressed"];
  const run = (given: LoadContext) => {
    progressed = given.progressed;
    return new Promise<never>((_, reject) => {
      given.signal.addEventListener("abort", () => reject(given.signal.reason));
    });
  };
  const hanging = new Map();
  const load = timedLoad(run, context, { timeoutMs: 10, hanging });
  let outcome: unknown;
  load.catch((error: unknown) => {
    outcome = error;
  });
  for (let i = 0; i < 20; i++) {
    await clock.advance(9);
    progressed?.();
  }
  expect(outcome).toBeUndefined();
  await clock.advance(10);
  expect(outcome).toMatchObject({ reason: "LOAD_TIMED_OUT" });
  expect([clock.pending, hanging.size]).toEqual([0, 0]);
});
