import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import type { ConnectionCount } from "../listening/listener.js";
import { waitAsLameDuck } from "./lame-duck.js";

/** Waits on a FakeClock with connections that the test changes; `endedAtMs` once it has ended. */
function wait(ms: number, connections: ConnectionCount | undefined) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const world = { clock, stop, connections, endedAtMs: undefined as number | undefined };
  void waitAsLameDuck({
    ms,
    clock,
    signal: stop.signal,
    connections: async () => world.connections,
  }).then(() => {
    world.endedAtMs = clock.now();
    expect(clock.pending).toBe(0);
  });
  return world;
}

describe("waitAsLameDuck", () => {
  it("lasts its time while a connection is open", async () => {
    const world = wait(5_000, { open: 1, accepted: 7 });
    await world.clock.advance(4_999);
    expect(world.endedAtMs).toBeUndefined();
    await world.clock.advance(1);
    expect(world.endedAtMs).toBe(5_000);
  });

  it("lasts its full time if connections are not known", async () => {
    const world = wait(5_000, undefined);
    await world.clock.advance(10_000);
    expect(world.endedAtMs).toBe(5_000);
  });

  it("ends when no connection is open and none came for a second", async () => {
    const world = wait(5_000, { open: 0, accepted: 7 });
    await world.clock.advance(900);
    // One that came and went between two looks, such as that of a health check.
    world.connections = { open: 0, accepted: 8 };
    await world.clock.advance(900);
    expect(world.endedAtMs).toBeUndefined();
    await world.clock.advance(200);
    expect(world.endedAtMs).toBe(2_000);
  });

  it("ends as soon as the last connection is closed if none came meanwhile", async () => {
    const world = wait(5_000, { open: 1, accepted: 7 });
    await world.clock.advance(2_000);
    world.connections = { open: 0, accepted: 7 };
    await world.clock.advance(100);
    expect(world.endedAtMs).toBe(2_100);
  });

  it("takes no time for 0, and ends when it is stopped", async () => {
    const none = wait(0, { open: 1, accepted: 1 });
    await none.clock.advance(0);
    expect(none.endedAtMs).toBe(0);
    const stopped = wait(5_000, { open: 1, accepted: 1 });
    await stopped.clock.advance(50);
    stopped.stop.abort();
    await stopped.clock.advance(0);
    expect(stopped.endedAtMs).toBe(50);
  });
});
