import {
  COMPLETE,
  incomplete,
  RAM_BYTES,
  type ServableId,
  servableId,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { firstValueFrom, of } from "rxjs";
import { describe, expect, it } from "vitest";
import { definePlatform } from "./define-platform.js";
import { runningModel } from "./model-scope.js";
import type { Predictor } from "./predictor.js";

const id: ServableId = servableId("m", 3);
const signal = new AbortController().signal;
const NO_TENSORS = { inputs: new Map(), outputs: new Map() };
const predictor: Predictor = { signatures: new Map(), batchable: false, predict: async () => ({}) };

describe("definePlatform", () => {
  it("makes an adapter from paths to loaders that call load with path, id, signal and options", async () => {
    const calls: unknown[] = [];
    const platform = definePlatform<{ threads?: number }>({
      name: "fake",
      async load(context) {
        calls.push(context);
        return predictor;
      },
    })({ threads: 2 });
    const source = of({ name: "m", versions: [{ id, data: { path: "/m/3" } }] });
    const [version] = (await firstValueFrom(source.pipe(platform))).versions;
    expect(calls).toEqual([]);
    if (version === undefined || "error" in version) throw new Error("expected a loader");
    const warmingUp = () => () => {};
    const services = { clock: { ...systemClock }, logger: { ...silentLogger } };
    const loaded = await version.data.load({ id, signal, warmingUp, ...services });
    expect(loaded.signatures).toEqual(predictor.signatures);
    const context = { path: "/m/3", id, signal, warmingUp, options: { threads: 2 } };
    expect(calls).toEqual([{ ...context, ...services }]);
    expect(platform.platformName).toBe("fake");
  });

  it("estimates 1.2 times the size of the files, if the source knows it", async () => {
    const platform = definePlatform({ name: "fake", load: async () => predictor })();
    const known = platform.loader({ path: "/m/3", sizeBytes: 101 }, id);
    expect(await known.estimateResources?.()).toEqual({ [RAM_BYTES]: 122 });
    const unknown = platform.loader({ path: "/m/3" }, id);
    expect(await unknown.estimateResources?.()).toEqual({ [RAM_BYTES]: 0 });
  });

  it("uses the definition's own estimate, accepts, isComplete and probe", async () => {
    const probed: string[] = [];
    const platform = definePlatform({
      name: "fake",
      load: async () => predictor,
      estimateResources: async ({ path }) => ({ [RAM_BYTES]: path.length }),
      accepts: async (path) => path.endsWith(".fake"),
      isComplete: async (path) => (path === "half.fake" ? incomplete("half") : COMPLETE),
      probe: async ({ path }) => void probed.push(path),
    })();
    const loader = platform.loader({ path: "a.fake", sizeBytes: 1 }, id);
    expect(await loader.estimateResources?.()).toEqual({ [RAM_BYTES]: 6 });
    await loader.probe?.({ id, signal });
    expect(probed).toEqual(["a.fake"]);
    expect(await platform.accepts("a.fake")).toBe(true);
    expect(await platform.accepts("a.other")).toBe(false);
    expect(await platform.isComplete("half.fake")).toEqual({ isComplete: false, problem: "half" });
  });

  it("by default accepts nothing and finds all files complete", async () => {
    const platform = definePlatform({ name: "fake", load: async () => predictor })();
    expect(await platform.accepts("/m")).toBe(false);
    expect(await platform.isComplete("/m")).toEqual({ isComplete: true });
    expect(platform.loader({ path: "/m" }, id).probe).toBeUndefined();
  });

  it("wraps the result of load in guard, unless it keeps the contract itself", async () => {
    const load = async () => predictor;
    const own = definePlatform({ name: "fake", load, keepsContract: true })();
    expect(await own.loader({ path: "/m" }, id).load({ id, signal })).toBe(predictor);
    const guarded = await definePlatform({ name: "fake", load })()
      .loader({ path: "/m" }, id)
      .load({ id, signal });
    await guarded[Symbol.asyncDispose]?.();
    await expect(guarded.predict({})).rejects.toMatchObject({ reason: "PREDICTOR_CLOSED" });
  });

  it("runs predict of the results of load and attach as the version", async () => {
    const running: unknown[] = [];
    const load = async () => {
      running.push(runningModel());
      const predict = async () => {
        running.push(runningModel());
        return {};
      };
      return { signatures: new Map([["serving_default", NO_TENSORS]]), predict };
    };
    const platform = definePlatform({ name: "fake", load, attach: load })();
    const loaded = await platform.loader({ path: "/m" }, id).load({ id, signal });
    const attached = await platform.attach?.({ platform: "fake" }, { id });
    await loaded.predict({});
    await attached?.predict({});
    expect(running).toEqual([id, id, id, id]);
    expect(runningModel()).toBeUndefined();
  });

  it("rejects a result of load or attach that is not a predictor", async () => {
    const unfit = { signatures: [], batchable: true, predict() {} } as unknown as Predictor;
    const platform = definePlatform({
      name: "fake",
      load: async () => unfit,
      attach: async () => unfit,
    })();
    for (const [method, result] of Object.entries({
      load: platform.loader({ path: "/m" }, id).load({ id, signal }),
      attach: platform.attach?.({ platform: "fake" }),
    })) {
      await expect(result).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "PREDICTOR_UNFIT",
        message:
          `${method} of the platform "fake": signatures: expected signatures by name, in an object or a Map; ` +
          "got []",
      });
    }
  });
});
