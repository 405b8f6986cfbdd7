import {
  allVersions,
  type Clock,
  type Logger,
  type SourceServable,
  silentLogger,
} from "@serving-kit/core";
import { FakeClock, RecordingTarget } from "@serving-kit/testing";
import { MemoryObjectStore } from "@serving-kit/testing/object-store";
import { describe, expect, it } from "vitest";
import type { ObjectStoreOptions } from "./object-store-options.js";
import { objectStore } from "./object-store-provider.js";

interface SetUp extends Partial<ObjectStoreOptions> {
  readonly servable?: Partial<SourceServable>;
  readonly logger?: Logger;
  /** The time in ms by which the store's clock is ahead. */
  readonly skewMs?: number;
}

function setUp(given: SetUp = {}) {
  const { servable, pollIntervalMs, logger = silentLogger, skewMs = 0, ...options } = given;
  const clock = new FakeClock(1_000_000);
  const storeClock: Clock = {
    now: () => clock.now() + skewMs,
    setTimeout: (...timer) => clock.setTimeout(...timer),
    setImmediate: (...callback) => clock.setImmediate(...callback),
  };
  const store = new MemoryObjectStore({ clock: storeClock });
  const basePath = "memory://bucket/digits";
  const source = objectStore({
    ...{ schemes: ["memory"], open: () => store, cache: { dir: "/nonexistent/cache" } },
    ...options,
  }).create({
    ...{ servables: [{ name: "digits", basePath, ...servable }], clock, logger },
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
  });
  const target = new RecordingTarget(source);
  const lists = () =>
    target.emissions.map(({ versions }) => versions.map(({ id }) => id.version).join());
  const reasons = () => source.problems().map(({ error }) => error.reason);
  return { clock, store, source, target, lists, reasons };
}

describe("polling", () => {
  it("OP1 makes one listing a minute, ten per cent more or less, and lists versions hourly", async () => {
    const { clock, store, lists } = setUp();
    store.put("digits/1/model", "model", 0);
    await clock.advance(0);
    expect([lists(), store.lists]).toEqual([["1"], 1]);
    const before = store.lists;
    await clock.advance(3_540_000);
    expect(store.lists - before).toBeGreaterThanOrEqual(3_540 / 66 - 1);
    expect(store.lists - before).toBeLessThanOrEqual(3_540 / 54 + 1);
    store.remove("digits/1/model");
    store.put("digits/readme", "none");
    await clock.advance(66_000);
    expect(lists().at(-1)).toBe("");
  });

  it("OP3 keeps served versions when everything was deleted, and reports it", async () => {
    const { clock, store, lists, reasons } = setUp();
    store.put("digits/1/model", "model", 0);
    await clock.advance(0);
    store.remove("digits/");
    await clock.advance(600_000);
    expect([lists(), reasons()]).toEqual([["1"], ["BASE_PATH_NOT_FOUND"]]);
    store.put("digits/2/model", "model");
    store.put("digits/2/_READY", "");
    await clock.advance(66_001);
    expect([lists(), reasons()]).toEqual([["1", "2"], []]);
  });

  it("OP2 waits until a version that came up has settled, however old its objects say they are", async () => {
    const { clock, store, lists, reasons } = setUp();
    store.put("digits/1/model", "model", 0);
    await clock.advance(0);
    store.put("digits/2/part-1", "one", 0);
    // The poll that finds it comes 54 to 66 s after the one before.
    for (let s = 0; s < 66 && reasons().length === 0; s++) await clock.advance(1_000);
    expect(reasons()).toEqual(["VERSION_INCOMPLETE"]);
    store.put("digits/2/part-2", "two", 0);
    await clock.advance(9_000);
    expect(lists()).toEqual(["1"]);
    await clock.advance(12_000);
    expect(lists()).toEqual(["1", "2"]);
  });

  it.each([86_400_000, -900_000])(
    "OP2 waits as long if the clock of the store is %d ms ahead",
    async (skewMs) => {
      const { clock, store, lists } = setUp({ skewMs });
      const storeMs = () => clock.now() + skewMs;
      store.put("digits/1/model", "model", storeMs() - 4_000);
      await clock.advance(5_900);
      expect(lists()).toEqual([]);
      await clock.advance(200);
      expect(lists()).toEqual(["1"]);
    },
  );

  it("OP2 with a ready marker waits for that, and needs no pause then", async () => {
    const { clock, store, source, lists } = setUp({ readyMarker: "DONE" });
    store.put("digits/1/model", "model", 0);
    await clock.advance(600_000);
    expect(lists()).toEqual([]);
    store.put("digits/1/DONE", "");
    await source.poll();
    expect(lists()).toEqual(["1"]);
  });

  it("counts no prefix without objects, no folder marker and no other name as a version", async () => {
    const { clock, store, lists } = setUp({ servable: { versionPolicy: allVersions() } });
    store.put("digits/1/", "");
    store.put("digits/x/model", "model", 0);
    store.put("digits/3/model", "model", 0);
    store.put("digits/10/model", "model", 0);
    await clock.advance(0);
    expect(lists()).toEqual(["10,3"]);
  });

  it("notifies a waiting manager when the version has changed", async () => {
    const { clock, store, source, target } = setUp();
    store.put("digits/1/model", "model", 0);
    await clock.advance(0);
    const [version] = target.latest("digits")?.versions ?? [];
    let isChanged = false;
    const { changed } = version as { changed(signal: AbortSignal): Promise<void> };
    void changed(new AbortController().signal).then(() => {
      isChanged = true;
    });
    await source.poll();
    expect(isChanged).toBe(false);
    store.put("digits/1/model", "fixed");
    store.put("digits/1/_READY", "");
    await source.poll();
    expect(isChanged).toBe(true);
  });

  it("warns of an interval that is expensive", () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_, line) => lines.push(line) };
    setUp({ pollIntervalMs: 1_000, logger });
    setUp({ pollIntervalMs: 10_000, logger });
    expect(lines).toEqual([expect.stringContaining("listed every 1000 ms")]);
  });

  it.each<[Partial<ObjectStoreOptions>, RegExp]>([
    [{ cache: { dir: "" } }, /cache.dir: expected the path/],
    [{ cache: { dir: "/c", maxBytes: 0 } }, /cache.maxBytes: expected an integer/],
    [{ readyMarker: "a/b" }, /readyMarker: expected the name/],
    [{ settleMs: -1 }, /settleMs: expected milliseconds/],
    [{ concurrency: 0.5 }, /concurrency: expected an integer/],
  ])("refuses %j", (options, text) => {
    expect(() => setUp(options)).toThrow(text);
  });
});
