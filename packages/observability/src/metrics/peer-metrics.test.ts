import type { ServableState } from "@serving-kit/core";
import type { ObserverPeer } from "@serving-kit/server";
import { FakeClock } from "@serving-kit/testing";
import { beforeEach, expect, it } from "vitest";
import type { Message } from "../messages.js";
import { PeerMetrics } from "./peer-metrics.js";
import { SeriesCounter } from "./series-counter.js";
import { SeriesHistogram } from "./series-histogram.js";

/** An event loop that has counted requests of a version, and their durations. */
class FakePeer implements ObserverPeer {
  hasEnded = false;
  readonly #count = new SeriesCounter("count", "h");
  readonly #latency = new SeriesHistogram("latency", "h", [1, 2]);
  #gauge = 0;

  count(version: string, value: number): void {
    this.#count.series({ model_name: "m", version }).value += value;
    this.#latency.series({ model: "m" }).observe(value);
    this.#gauge = value;
  }

  async ask(message: unknown): Promise<unknown> {
    if (this.hasEnded) throw new Error("the event loop has ended");
    expect((message as Message).ask).toBe("metricValues");
    const samples = [{ suffix: "", labels: {}, value: this.#gauge }];
    const gauge = { name: "gauge", help: "h", type: "gauge", merge: "sum", samples };
    return structuredClone([this.#count.values(), this.#latency.values(), gauge]);
  }
}

let clock: FakeClock;
let states: ServableState[];
let peers: Set<FakePeer>;
let metrics: PeerMetrics;

beforeEach(() => {
  clock = new FakeClock();
  states = [{ id: { name: "m", version: 1n }, state: "available", attempts: 1, atMs: 0 }];
  peers = new Set([new FakePeer(), new FakePeer()]);
  metrics = new PeerMetrics({ peers: () => peers, states: () => states, clock });
});

const end = (peer: FakePeer) => {
  peer.hasEnded = true;
  peers.delete(peer);
};

/** The sum over all peers of a sample. */
async function sum(name: string): Promise<number> {
  const samples = (await metrics.read()).flatMap((metric) =>
    metric.samples.map(({ suffix, value }) => ({ name: `${metric.name}${suffix}`, value })),
  );
  return samples
    .filter((sample) => sample.name === name)
    .reduce((total, { value }) => total + value, 0);
}

it("keeps what a peer that ended had counted when it was last read, but not its gauges", async () => {
  const [first, second] = [...peers] as [FakePeer, FakePeer];
  first.count("1", 3);
  second.count("1", 4);
  expect(await sum("count")).toBe(7);
  end(first);
  expect(await sum("count")).toBe(7);
  expect(await sum("latency_count")).toBe(2);
  expect(await sum("latency_sum")).toBe(7);
  expect(await sum("gauge")).toBe(4);
  const third = new FakePeer();
  third.count("1", 2);
  peers.add(third);
  expect(await sum("count")).toBe(9);
  end(third);
  end(second);
  expect(await sum("count")).toBe(9);
});

it("counts a peer once if it ends while several read", async () => {
  const [first] = [...peers] as [FakePeer];
  first.count("1", 3);
  await metrics.read();
  const reads = [sum("count"), sum("count")];
  end(first);
  expect(await Promise.all([...reads, sum("count")])).toEqual([3, 3, 3]);
});

it("keeps the series of a version for 5 minutes after its end", async () => {
  const [first] = [...peers] as [FakePeer];
  first.count("1", 3);
  await metrics.read();
  end(first);
  states = [];
  expect(await sum("count")).toBe(3);
  await clock.advance(300_000);
  expect(await sum("count")).toBe(0);
  expect(await sum("latency_count")).toBe(1);
});

it("shows a version for 5 minutes after its end in all peers at the same time, and again when it is back", async () => {
  const available = states;
  for (const peer of peers) peer.count("1", 3);
  expect(await sum("count")).toBe(6);
  states = [];
  expect(await sum("count")).toBe(6);
  await clock.advance(299_999);
  expect(await sum("count")).toBe(6);
  await clock.advance(1);
  expect(await sum("count")).toBe(0);
  states = available;
  expect(await sum("count")).toBe(6);
});
