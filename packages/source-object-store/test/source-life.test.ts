import { type RemotePath, type SourceActivity, silentLogger } from "@serving-kit/core";
import { FakeClock, RecordingTarget, turn } from "@serving-kit/testing";
import { MemoryObjectStore } from "@serving-kit/testing/object-store";
import { expect, it } from "vitest";
import { objectStore } from "../src/index.js";
import { whileTimePasses } from "./fetch-world.js";
import { temporaryDirectory } from "./temporary-directory.js";

const signal = new AbortController().signal;

/** Version 1 of `digits` in a store, and sources of it that share a cache, as processes one after another do. */
async function sourceWorld() {
  const directory = await temporaryDirectory();
  const clock = new FakeClock(1_000_000);
  const store = new MemoryObjectStore({ clock });
  store.put("digits/1/model", "model", 0);
  const start = () => {
    const source = objectStore({
      ...{ schemes: ["memory"], open: () => store, cache: { dir: directory.path }, settleMs: 0 },
    }).create({
      servables: [{ name: "digits", basePath: "memory://bucket/digits" }],
      ...{ clock, logger: silentLogger },
    });
    const activities: SourceActivity[] = [];
    source.events.subscribe((event) => {
      if (event.kind === "activity") activities.push(event.activity);
    });
    return { source, activities, target: new RecordingTarget(source) };
  };
  /** Fetches the version that a source emits, and gives it back. */
  const fetchFrom = async ({ target }: ReturnType<typeof start>) => {
    while (!target.latest("digits")?.versions.length) {
      await clock.advance(100);
      await turn();
    }
    const [version] = target.latest("digits")?.versions ?? [];
    const { data } = version as unknown as { readonly data: RemotePath };
    await using _lease = await whileTimePasses(clock, data.fetch(signal));
  };
  const dispose = () => directory[Symbol.asyncDispose]();
  return { store, start, fetchFrom, [Symbol.asyncDispose]: dispose };
}

it("OP4 a source that starts without its store emits the versions that are in the cache", async () => {
  await using world = await sourceWorld();
  const before = world.start();
  await world.fetchFrom(before);
  before.target[Symbol.dispose]();
  world.store.set("", "fails");
  const { reads } = world.store;
  const after = world.start();
  await world.fetchFrom(after);
  expect(after.target.latest("digits")?.versions.map(({ id }) => id.version)).toEqual([1n]);
  await expect
    .poll(() => after.source.problems().map(({ error }) => error.reason))
    .toEqual(["SERVED_FROM_CACHE"]);
  expect(world.store.reads).toBe(reads);
  after.target[Symbol.dispose]();
});

it("OP8 each page and each fetch is an activity", async () => {
  await using world = await sourceWorld();
  const { target, activities, ...rest } = world.start();
  await world.fetchFrom({ target, activities, ...rest });
  const listed = activities.filter(({ what }) => what === "listed");
  expect(listed).toHaveLength(world.store.lists);
  expect(activities.filter(({ what }) => what !== "listed")).toMatchObject([
    { what: "fetched", from: "storage", bytes: 5 },
  ]);
  target[Symbol.dispose]();
});
