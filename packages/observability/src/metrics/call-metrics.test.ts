import type { ServableId, ServableState } from "@serving-kit/core";
import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { CallMetrics, type EndedCall } from "./call-metrics.js";
import { expose } from "./exposition.js";
import { VersionSeries } from "./version-series.js";

const MINUTE = 60_000;

class World {
  readonly clock = new FakeClock();
  states: ServableState[] = [];
  readonly #versions = new VersionSeries({ states: () => this.states, clock: this.clock });
  readonly #calls: CallMetrics;

  constructor({ versionLabels = true } = {}) {
    const versions = versionLabels ? this.#versions : undefined;
    this.#calls = new CallMetrics(versions, () => true);
  }

  /** From now on only this version is there. */
  swap(version: bigint, state: ServableState["state"] = "available"): ServableId {
    const id = { name: "m", version };
    this.states = [{ id, state, attempts: 1, atMs: this.clock.now() }];
    return id;
  }

  call(id: ServableId, more: Partial<EndedCall> = {}): void {
    this.#calls.record({
      model: id.name,
      api: "Predict",
      entrypoint: "GRPC",
      id,
      signature: "",
      beganAtMs: 0,
      endedAtMs: 1,
      runMs: 1,
      examples: 0,
      status: "OK",
      ...more,
    });
  }

  lines(): string[] {
    this.#versions.removeEnded();
    const text = expose(this.#calls.metrics.map((metric) => metric.values()));
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  }

  count(version: number, status = "OK"): string | undefined {
    const labels = `model_name="m",status="${status}",version="${version}",signature_name="serving_default"`;
    const start = `:tensorflow:serving:request_count{${labels}} `;
    return this.lines()
      .find((line) => line.startsWith(start))
      ?.slice(start.length);
  }
}

it("shows the series of a version for 5 minutes after it has ended, then no more", async () => {
  const world = new World();
  const first = world.swap(1n);
  world.call(first);
  world.call(first, { status: "INTERNAL", entrypoint: "REST" });
  world.call(world.swap(2n));
  expect(world.count(1)).toBe("1");
  await world.clock.advance(5 * MINUTE - 1);
  expect([world.count(1), world.count(1, "INTERNAL")]).toEqual(["1", "1"]);
  await world.clock.advance(1);
  const lines = world.lines();
  expect(lines.filter((line) => line.includes('version="1"'))).toEqual([]);
  expect(world.count(2)).toBe("1");
});

it("keeps counting if a version is loaded again in time, and starts at zero if it is later", async () => {
  const world = new World();
  const id = world.swap(1n);
  world.call(id);
  world.swap(1n, "end");
  expect(world.count(1)).toBe("1");
  await world.clock.advance(4 * MINUTE);
  world.swap(1n);
  expect(world.count(1)).toBe("1");
  world.call(id);
  world.swap(1n, "end");
  expect(world.count(1)).toBe("2");
  await world.clock.advance(4 * MINUTE);
  expect(world.count(1)).toBe("2");
  await world.clock.advance(MINUTE);
  expect(world.count(1)).toBeUndefined();
  world.swap(1n);
  world.call(id);
  expect(world.count(1)).toBe("1");
});

it("does not grow with the versions that come and go, also if nothing reads them", async () => {
  const world = new World();
  for (let version = 1; version <= 10_000; version++) {
    world.call(world.swap(BigInt(version)));
    await world.clock.advance(MINUTE);
  }
  const counts = world.lines().filter((line) => line.includes("request_count{"));
  expect(counts.length).toBeLessThan(8);
  expect(counts.at(-1)).toContain('version="10000"');
});

it("loses nothing without labels of versions", async () => {
  const world = new World({ versionLabels: false });
  for (let version = 1; version <= 20; version++) {
    world.call(world.swap(BigInt(version)));
    await world.clock.advance(MINUTE);
  }
  expect(world.lines().filter((line) => line.includes("count{"))).toEqual([
    ':tensorflow:serving:request_count{model_name="m",status="OK"} 20',
    ':tensorflow:serving:request_latency_count{model_name="m",API="Predict",entrypoint="GRPC"} 20',
    ':tensorflow:serving:runtime_latency_count{model_name="m",API="Predict",runtime="serving-kit"} 20',
  ]);
});

it("counts calls of models that are not configured, or that could not be read, under one name", () => {
  const clock = new FakeClock();
  const calls = new CallMetrics(undefined, (model) => model === "m");
  const unread = { api: "Predict", entrypoint: "REST", id: undefined, signature: undefined };
  const times = { beganAtMs: clock.now(), endedAtMs: clock.now(), runMs: undefined, examples: 0 };
  for (const model of ["m", "made-up-1", "made-up-2"]) {
    calls.record({ ...unread, ...times, model, status: "NOT_FOUND" });
  }
  const [requests] = calls.metrics.map((metric) => metric.values());
  expect(requests?.samples.map(({ labels, value }) => [labels.model_name, value])).toEqual([
    ["m", 1],
    ["(unknown)", 2],
  ]);
});
