import { getEventListeners } from "node:events";
import { managerConformance, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { servableId } from "./servable-id.js";
import { StaticManager } from "./static-manager.js";

class Servable implements AsyncDisposable {
  disposals = 0;
  async [Symbol.asyncDispose]() {
    this.disposals++;
  }
}

managerConformance(
  { describe, it },
  {
    name: "StaticManager",
    create: async () => ({
      manager: new StaticManager([{ id: servableId("m", 1), servable: new Servable() }]),
      name: "m",
      isLoaded: ({ disposals }) => disposals === 0,
    }),
  },
);

describe("StaticManager", () => {
  const versions = (...numbers: number[]) =>
    numbers.map((version) => ({ id: servableId("m", version), servable: { version } }));

  it("gives the servables it was given: exactly, latest, earliest, by label", () => {
    const manager = new StaticManager(versions(22, 24, 23), { m: { stable: 22, next: 99 } });
    expect(manager.acquire({ name: "m", version: 22 }).servable.version).toBe(22);
    expect(manager.acquire({ name: "m" }).servable.version).toBe(24);
    expect(manager.acquire({ name: "m", pick: "earliest" }).servable.version).toBe(22);
    expect(manager.acquire({ name: "m", label: "stable" }).servable.version).toBe(22);
    expect(() => manager.acquire({ name: "m", label: "next" })).toThrow("Label(m, next)");
    expect(manager.listAvailable()).toEqual(versions(22, 24, 23).map(({ id }) => id));
  });

  it("throws NOT_FOUND for a name or a version that it was not given", () => {
    expect(() => new StaticManager([]).acquire({ name: "m" })).toThrow("Latest(m)");
    const manager = new StaticManager(versions(22));
    expect(() => manager.acquire({ name: "m", version: 21 })).toThrow("Specific(m, 21)");
  });

  it("refuses what is no servable, and an id that is given twice", () => {
    for (const servable of [null, undefined]) {
      expect(() => new StaticManager([{ id: servableId("m", 22), servable }])).toThrow(
        new TypeError(`the servable of {name: m version: 22} must not be ${servable}`),
      );
    }
    expect(() => new StaticManager(versions(22, 22))).toThrow(
      new RangeError('version 22 of servable "m" is given twice'),
    );
  });

  it("takes values that have no dispose, or a synchronous one", async () => {
    let disposals = 0;
    const manager = new StaticManager<unknown>([
      { id: servableId("m", 1), servable: 42 },
      { id: servableId("m", 2), servable: { [Symbol.dispose]: () => disposals++ } },
    ]);
    await manager[Symbol.asyncDispose]();
    expect(disposals).toBe(1);
  });

  it("unloads the others when one fails, and says so", async () => {
    const good = new Servable();
    const manager = new StaticManager<unknown>([
      {
        id: servableId("m", 1),
        servable: {
          [Symbol.dispose]() {
            throw new Error("stuck");
          },
        },
      },
      { id: servableId("m", 2), servable: good },
    ]);
    await expect(manager.close()).rejects.toThrow(
      "1 of the versions could not be unloaded: unloading {name: m version: 1} failed: stuck; " +
        "what it held may be lost",
    );
    expect(good.disposals).toBe(1);
  });

  it("heeds the signal of a later close, and leaves no listener on it", async () => {
    const servable = new Servable();
    const manager = new StaticManager([{ id: servableId("m", 1), servable }]);
    const handle = manager.acquire({ name: "m" });
    const closed = manager.close();
    const controller = new AbortController();
    expect(manager.close({ signal: controller.signal })).toBe(closed);
    await turn();
    expect(servable.disposals).toBe(0);
    controller.abort();
    await closed;
    expect(servable.disposals).toBe(1);
    handle.release();
    const { signal } = new AbortController();
    await manager.close({ signal });
    await turn();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
