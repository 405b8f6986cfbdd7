import { describe, expect, it } from "vitest";
import type { Counted } from "./servable-handle.js";
import { servableId } from "./servable-id.js";
import { ServingMap } from "./serving-map.js";

function mapOf(...versions: number[]) {
  const map = new ServingMap<string>();
  for (const version of versions) map.add(counted(version));
  return map;
}

function counted(version: number, name = "m"): Counted<string> {
  const id = servableId(name, version);
  return { id, servable: `servable ${version}`, handleCount: 0, onIdle: () => {} };
}

const acquired = (map: ServingMap<string>, request: object) => {
  const handle = map.acquire({ name: "m", ...request });
  handle.release();
  return Number(handle.id.version);
};

describe("ServingMap", () => {
  it("returns the newest version, regardless of the order of changes", () => {
    const map = mapOf(3, 1, 2);
    expect(acquired(map, {})).toBe(3);
    map.remove(servableId("m", 3));
    map.remove(servableId("m", 1));
    expect(acquired(map, {})).toBe(2);
    map.remove(servableId("m", 2));
    expect(() => map.acquire({ name: "m" })).toThrow("Latest(m)");
  });

  it("counts versions beyond 2^53 apart", () => {
    const map = new ServingMap<string>();
    for (const version of [2n ** 60n, 2n ** 60n + 1n]) {
      map.add({ ...counted(0), id: servableId("m", version) });
    }
    expect(map.acquire({ name: "m" }).id.version).toBe(2n ** 60n + 1n);
    expect(map.acquire({ name: "m", version: 2n ** 60n }).id.version).toBe(2n ** 60n);
  });

  it("has no names that were not added, such as those of Object.prototype", () => {
    const map = mapOf(1);
    for (const name of ["x", "constructor", "__proto__", "toString"]) {
      expect(() => map.acquire({ name })).toThrow(`Latest(${name})`);
      expect(map.has({ name })).toBe(false);
      expect(map.has({ name: "m", label: name })).toBe(false);
    }
  });

  it("removing an absent version does nothing", () => {
    const map = mapOf(1);
    map.remove(servableId("m", 2));
    map.remove(servableId("x", 1));
    expect(map.list()).toEqual([servableId("m", 1)]);
  });

  describe("labels", () => {
    it("take effect immediately if the version is available", () => {
      const map = mapOf(1, 2);
      map.setLabels("m", { stable: 1, canary: 2n });
      expect(map.labels("m").get("stable")).toEqual({ version: 1n });
      expect([acquired(map, { label: "stable" }), acquired(map, { label: "canary" })]).toEqual([
        1, 2,
      ]);
    });

    it("are pending until the version is available, and then in force", () => {
      const map = mapOf(1);
      map.setLabels("m", { stable: 2 });
      expect(map.labels("m").get("stable")).toEqual({ pending: 2n });
      expect(map.has({ name: "m", label: "stable" })).toBe(false);
      expect(() => map.acquire({ name: "m", label: "stable" })).toThrow("Label(m, stable)");
      map.add(counted(2));
      expect(map.labels("m").get("stable")).toEqual({ version: 2n });
      expect(acquired(map, { label: "stable" })).toBe(2);
    });

    it("stay on their version until the new one is available", () => {
      const map = mapOf(1);
      map.setLabels("m", { stable: 1 });
      map.setLabels("m", { stable: 2 });
      expect(map.labels("m").get("stable")).toEqual({ version: 1n, pending: 2n });
      expect(acquired(map, { label: "stable" })).toBe(1);
      map.setLabels("m", { stable: 1 });
      expect(map.labels("m").get("stable")).toEqual({ version: 1n });
    });

    it("come back into force when their version comes back", () => {
      const map = mapOf(1);
      map.setLabels("m", { stable: 1 });
      map.remove(servableId("m", 1));
      expect(() => map.acquire({ name: "m", label: "stable" })).toThrow("Label(m, stable)");
      map.add(counted(1));
      expect(acquired(map, { label: "stable" })).toBe(1);
    });

    it("are removed if the new set omits them", () => {
      const map = mapOf(1);
      map.setLabels("m", { stable: 1, canary: 1 });
      map.setLabels("m", { canary: 1 });
      expect(() => map.acquire({ name: "m", label: "stable" })).toThrow(
        "Unrecognized servable version label: stable",
      );
      map.setLabels("m", {});
      expect(map.labels("m").size).toBe(0);
    });

    it("stay as they were when one of the new ones is not a version", () => {
      const map = mapOf(1);
      map.setLabels("m", { stable: 1 });
      expect(() => map.setLabels("m", { stable: 1, canary: -1 })).toThrow(RangeError);
      expect(acquired(map, { label: "stable" })).toBe(1);
    });

    it("may be set for a name that has no version yet", () => {
      const map = mapOf();
      map.setLabels("m", { stable: 1 });
      map.add(counted(1));
      expect(acquired(map, { label: "stable" })).toBe(1);
      expect(map.labels("x").size).toBe(0);
    });
  });
});
