import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type RemotePath,
  ServingError,
  type SourceActivity,
  silentLogger,
} from "@serving-kit/core";
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
  /** Fetches the version that a source emits. */
  const leaseFrom = async ({ target }: ReturnType<typeof start>) => {
    while (!target.latest("digits")?.versions.length) {
      await clock.advance(100);
      await turn();
    }
    const [version] = target.latest("digits")?.versions ?? [];
    const { data } = version as unknown as { readonly data: RemotePath };
    return whileTimePasses(clock, data.fetch(signal));
  };
  /** The same, and gives the lease back. */
  const fetchFrom = async (started: ReturnType<typeof start>) => {
    await using _lease = await leaseFrom(started);
  };
  const dispose = () => directory[Symbol.asyncDispose]();
  return { store, clock, start, leaseFrom, fetchFrom, [Symbol.asyncDispose]: dispose };
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

it("OP9 reports a version that is overwritten while it is loaded, and keeps what was loaded", async () => {
  await using world = await sourceWorld();
  const started = world.start();
  const { source, target } = started;
  const reasons = () => source.problems().map(({ error }) => error.reason);
  const polled = () => whileTimePasses(world.clock, source.poll());
  const lease = await world.leaseFrom(started);
  const before = target.emissions.length;
  await polled();
  expect(reasons()).toEqual([]);
  world.store.put("digits/1/model", "other");
  await polled();
  expect(reasons()).toEqual(["VERSION_OVERWRITTEN"]);
  expect(await readFile(join(lease.path, "model"), "utf8")).toBe("model");
  expect(target.emissions.length).toBe(before);
  // As when the version is unloaded, or could not be loaded and is fetched again.
  await lease[Symbol.asyncDispose]();
  await polled();
  expect(reasons()).toEqual([]);
  target[Symbol.dispose]();
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

it("emits a version that is rejected with its error, and an older one as if it were not there", async () => {
  await using world = await sourceWorld();
  const { store, clock } = world;
  store.put("digits/2/model", "crashes", 0);
  let crashing: string | undefined;
  const source = objectStore({
    ...{ schemes: ["memory"], open: () => store, cache: { dir: "/nowhere" }, settleMs: 0 },
  }).create({
    servables: [
      {
        name: "digits",
        basePath: "memory://bucket/digits",
        async refusal(uri, stamp) {
          if (!uri.endsWith("/2")) return undefined;
          crashing ??= stamp;
          return stamp === crashing
            ? new ServingError("FAILED_PRECONDITION", "VERSION_CRASHED", "it ended the process")
            : undefined;
        },
      },
    ],
    ...{ clock, logger: silentLogger },
  });
  using target = new RecordingTarget(source);
  const versions = () =>
    target
      .latest("digits")
      ?.versions.map((version) => [
        version.id.version,
        "error" in version ? version.error.reason : "data",
      ]);
  while (!target.latest("digits")?.versions.length) {
    await clock.advance(100);
    await turn();
  }
  expect(versions()).toEqual([
    [2n, "VERSION_CRASHED"],
    [1n, "data"],
  ]);
  store.put("digits/2/model", "does not crash", clock.now());
  await source.poll();
  await clock.advance(60_000);
  await source.poll();
  expect(versions()).toEqual([[2n, "data"]]);
});
