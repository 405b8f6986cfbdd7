import { isServingError, type Manager, ServableHandle, servableId } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { FakeLoader, type FakeServable, managerConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { StaticManager } from "./static-manager.js";

describe("managerConformance rejects a manager", () => {
  const id = servableId("m", 3);
  type Change = (
    manager: Manager<FakeServable>,
    servable: FakeServable,
  ) => Partial<Manager<FakeServable>>;
  const brokenBy = async (change: Change) => {
    const failures = await failuresOf((runner) =>
      managerConformance<FakeServable>(runner, {
        name: "mutant",
        timeoutMs: 300,
        create: async () => {
          const servable = await new FakeLoader().load({
            id,
            signal: new AbortController().signal,
          });
          const inner = new StaticManager(id, servable);
          const manager: Manager<FakeServable> = {
            acquire: (request) =>
              inner.acquire(typeof request === "string" ? { name: request } : request),
            listAvailable: () => inner.listAvailable(),
            close: (options) => inner.close(options),
            [Symbol.asyncDispose]: () => inner.close(),
          };
          Object.assign(manager, change(inner, servable));
          return { manager, name: "m", isLoaded: ({ isUnloaded }) => !isUnloaded };
        },
      }),
    );
    return [...failures.keys()];
  };
  /** Handles that count in a way of their own. */
  const handle = (servable: FakeServable, onIdle = () => {}) =>
    new ServableHandle({ id, servable, handleCount: 0, onIdle });

  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => ({}))).toEqual([]);
  });

  it("M1 that returns something for every name", async () => {
    const acquire: Change = (manager) => ({ acquire: () => manager.acquire({ name: "m" }) });
    expect(await brokenBy(acquire)).toEqual(["M1"]);
  });

  it("M2, H1, H2 that unloads in spite of a handle", async () => {
    const uncounted: Change = (manager, servable) => ({
      acquire: (request) => {
        manager.acquire(request).release();
        return handle(servable);
      },
    });
    expect(await brokenBy(uncounted)).toEqual(["M2", "M3", "H1", "H2"]);
  });

  it("M3 that returns handles while it closes, or closes twice", async () => {
    const open: Change = (manager, servable) => ({
      acquire: (request) => {
        try {
          return manager.acquire(request);
        } catch (error) {
          if (isServingError(error) && error.reason === "MANAGER_CLOSED") return handle(servable);
          throw error;
        }
      },
    });
    expect(await brokenBy(open)).toContain("M3");
    const again: Change = (manager) => ({ close: async (options) => manager.close(options) });
    expect(await brokenBy(again)).toEqual(["M3"]);
  });

  it("H2 whose second release counts again", async () => {
    const recounting: Change = (manager) => {
      const held: ServableHandle<FakeServable>[] = [];
      return {
        acquire: (request) => {
          const handle = manager.acquire(request);
          held.push(handle);
          const release = () => held.pop()?.[Symbol.dispose]();
          return Object.assign(
            Object.create(handle, {
              id: { get: () => handle.id },
              servable: { get: () => handle.servable },
            }),
            { release, [Symbol.dispose]: release },
          );
        },
      };
    };
    expect(await brokenBy(recounting)).toContain("H2");
  });

  it("H3 whose servable can be read after release", async () => {
    const readable: Change = (manager) => ({
      acquire: (request) => {
        const handle = manager.acquire(request);
        const { servable } = handle;
        return Object.create(handle, {
          id: { get: () => handle.id },
          servable: { get: () => servable },
          release: { value: () => handle.release() },
          [Symbol.dispose]: { value: () => handle.release() },
        });
      },
    });
    expect(await brokenBy(readable)).toEqual(["H3"]);
  });
});
