import { silentLogger } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import type { CallStart, LoopObserver, Observer, ObserverHost } from "../plugins/observer.js";
import { LoopObservers, type ObserverLinks } from "./loop-observers.js";

const START: CallStart = { api: "Predict", entrypoint: "http", model: "m", context: {} };
const ID = { name: "m", version: 1n };

const host: Omit<ObserverHost, keyof ObserverLinks> = {
  ...{ isMain: true, clock: new FakeClock(), logger: silentLogger },
  states: () => [],
  modelNames: () => [],
  inspect: () => undefined,
};

const links: ObserverLinks = {
  peers: () => [],
  askMain: async (name, message) => [name, message],
  newsChanged: () => {},
};

const observers = (...loops: readonly (readonly [string, LoopObserver])[]) =>
  new LoopObservers(
    loops.map(([name, loop]): Observer => ({ name, observe: () => loop })),
    host,
    links,
  );

/** An observer that writes what it is told. */
function telling(name: string, told: string[]): readonly [string, LoopObserver] {
  const tell = (text: string) => void told.push(`${name} ${text}`);
  const loop: LoopObserver = {
    begin: () => {
      tell("begin");
      return {
        running: () => tell("running"),
        fact: (...fact) => tell(`fact ${fact}`),
        ran: () => tell("ran"),
        end: (error) => tell(`end ${error}`),
      };
    },
    batchStarted: () => tell("batch"),
    loading: () => () => {
      tell("warming up");
      return () => tell("warmed up");
    },
    configure: () => tell("configure"),
    [Symbol.asyncDispose]: async () => tell("disposed"),
  };
  return [name, loop];
}

it("OS3 notifies all observers of every event, in their order", async () => {
  const told: string[] = [];
  const all = observers(telling("a", told), telling("b", told), ["silent", {}]);
  const call = all.begin(START);
  call?.running(ID, { inputs: { x: tensor("float32", [1], [1]) } });
  call?.fact?.("process.pid", 7);
  call?.ran();
  call?.end("failed");
  all.batchStarted?.({ size: 1, paddedSize: 1, startedAtMs: 0, entries: [] });
  all.loading(ID, "/m/1")?.()({ records: 1 });
  all.configure([]);
  await all[Symbol.asyncDispose]();
  const events = ["begin", "running", "fact process.pid,7", "ran", "end failed"];
  const others = ["batch", "warming up", "warmed up", "configure", "disposed"];
  const both = [...events, ...others].flatMap((text) => [`a ${text}`, `b ${text}`]);
  expect(told).toEqual(both);
});

it("asks one observer without the others, and none for what none has", () => {
  const told: string[] = [];
  const one = observers(["silent", {}], telling("a", told));
  one.begin(START)?.end();
  expect(told).toEqual(["a begin", "a end undefined"]);
  const none = observers(["silent", {}]);
  expect([none.begin(START), none.batchStarted, none.loading(ID, "/m/1")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("OS1 observes once each, and rejects two of one name", () => {
  let observed = 0;
  const observer: Observer = {
    name: "a",
    observe: () => {
      observed++;
      return {};
    },
  };
  new LoopObservers([observer], host, links);
  expect(observed).toBe(1);
  expect(() => new LoopObservers([observer, observer], host, links)).toThrow(
    expect.objectContaining({ reason: "PLUGIN_TWICE" }),
  );
});

it("adds up counts, with 0 for names that none knows", async () => {
  const counts = (count: number) => ({ counts: async () => new Map([["calls", count]]) });
  const all = observers(["a", counts(2)], ["b", counts(3)], ["silent", {}]);
  expect(await all.counts(["calls", "other"])).toEqual(
    new Map([
      ["calls", 5],
      ["other", 0],
    ]),
  );
});

it("passes messages and updates to the observer of the name", async () => {
  const learned: unknown[] = [];
  const own: LoopObserver = {
    answer: (message) => [message],
    news: () => 7,
    learn: (news) => void learned.push(news),
  };
  const all = observers(["a", own], ["silent", {}]);
  expect(await all.answer("a", 1)).toEqual([1]);
  expect(await all.answer("silent", 1)).toBeUndefined();
  expect(all.news()).toEqual(new Map([["a", 7]]));
  all.learn(
    new Map([
      ["a", 7],
      ["gone", 8],
    ]),
  );
  expect(learned).toEqual([7]);
});

it("creates links for each observer by its name", async () => {
  let own: ObserverHost | undefined;
  const observe = (given: ObserverHost) => {
    own = given;
    return {};
  };
  new LoopObservers([{ name: "a", observe }], host, links);
  expect(await own?.askMain(1)).toEqual(["a", 1]);
});
