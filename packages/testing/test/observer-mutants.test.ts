import type { LoopObserver, Observer, ObserverHost } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { observerConformance } from "../src/plugins/index.js";
import { failuresOf } from "./collecting-runner.js";
import { CountingObserver, countingOptions } from "./plugin-suites.js";

/** The clauses that an observer breaks, in the words of the suite. */
async function brokenBy(
  change: (own: LoopObserver, host: ObserverHost) => Partial<LoopObserver>,
  plugin: Partial<Observer> = {},
): Promise<string[]> {
  const create = (): Observer => ({
    name: "counting",
    observe(host) {
      const own = new CountingObserver(host);
      return Object.assign(own, change(own, host));
    },
    ...plugin,
  });
  const failures = await failuresOf((runner) =>
    observerConformance(runner, { ...countingOptions, create, timeoutMs: 1_000 }),
  );
  return [...failures.keys()];
}

const observation = { running() {}, ran() {}, end() {} };

describe("observerConformance rejects an observer", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => ({}))).toEqual([]);
  });

  it("OB1 that throws for some errors, returns promises, or blocks", async () => {
    const throwing = (error?: unknown) => {
      if (error === null) throw new TypeError("null has no message");
    };
    expect(await brokenBy(() => ({ begin: () => ({ ...observation, end: throwing }) }))).toEqual([
      "OB1",
      "OB2",
    ]);
    const waiting = async () => {};
    expect(await brokenBy(() => ({ begin: () => ({ ...observation, ran: waiting }) }))).toContain(
      "OB1",
    );
    const block = () => {
      const endAt = performance.now() + 1;
      while (performance.now() < endAt);
    };
    expect(await brokenBy(() => ({ begin: () => ({ ...observation, end: block }) }))).toEqual([
      "OB1",
    ]);
  });

  it("OB2 that keeps the inputs of calls, or batches", async () => {
    const kept: unknown[] = [];
    const keeping = {
      ...observation,
      running: (_: unknown, call: unknown) => void kept.push(call),
    };
    expect(await brokenBy(() => ({ begin: () => keeping }))).toEqual(["OB2"]);
    const batchStarted = (batch: unknown) => void kept.push(batch);
    expect(await brokenBy(() => ({ batchStarted }))).toEqual(["OB2"]);
  });

  it("OB3 whose news or answers cannot be cloned", async () => {
    expect(await brokenBy(() => ({ news: () => () => {} }))).toEqual(["OB3"]);
    expect(await brokenBy(() => ({ answer: () => () => {} }))).toContain("OB3");
  });

  it("OB4 that counts what it was not asked for, or no numbers", async () => {
    const chatty = async () =>
      new Map([
        ["calls", 1],
        ["other", 1],
      ]);
    expect(await brokenBy(() => ({ counts: chatty }))).toEqual(["OB4"]);
    const wrong = async () => new Map([["calls", Number.NaN]]);
    expect(await brokenBy(() => ({ counts: wrong }))).toEqual(["OB4"]);
  });

  it("OB5 whose disposal never ends, or leaves a timer", async () => {
    const endless = { [Symbol.asyncDispose]: () => new Promise<void>(() => {}) };
    expect(await brokenBy(() => endless)).toContain("OB5");
    const ticking = (own: LoopObserver, host: ObserverHost) => {
      host.clock.setTimeout(() => {}, 1_000);
      return own;
    };
    expect(await brokenBy(ticking)).toEqual(["OB5"]);
  });

  it("PL1 whose module does not export it", async () => {
    const module = { url: "data:text/javascript,export default { name: 'other' }" };
    expect(await brokenBy(() => ({}), { module })).toEqual(["PL1"]);
  });
});
