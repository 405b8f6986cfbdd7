import { expect, it } from "vitest";
import type { LoadContext, Loader } from "./loader.js";
import { servableId } from "./servable-id.js";
import { lateLoader, wrapLoader } from "./wrap-loader.js";

const context: LoadContext = { id: servableId("m", 1), signal: new AbortController().signal };

/** A loader whose methods need its private fields. */
class ClassLoader implements Loader<string> {
  #probes = 0;

  async estimateResources() {
    return { ramBytes: 10 + this.#probes };
  }
  async probe() {
    this.#probes++;
  }
  async load() {
    return `loaded after ${this.#probes} probes`;
  }
}

it("wrapLoader replaces the loaded servable and keeps the methods of a class", async () => {
  const inner = new ClassLoader();
  const loader = wrapLoader(inner, async () => (await inner.load()).length);
  await loader.probe?.(context);
  expect(await loader.estimateResources?.()).toEqual({ ramBytes: 11 });
  expect(await loader.load(context)).toBe("loaded after 1 probes".length);
});

it("wrapLoader adds no estimate and no probe to a loader without", () => {
  const inner: Loader<number> = { load: async () => 1 };
  expect(Object.keys(wrapLoader(inner, inner.load))).toEqual(["load"]);
});

it("lateLoader creates its loader once, and again after a failure", async () => {
  let calls = 0;
  const loader = lateLoader(async () => {
    if (++calls === 1) throw new Error("not yet");
    return new ClassLoader();
  });
  await expect(loader.load(context)).rejects.toThrow("not yet");
  await loader.probe?.(context);
  expect(await loader.estimateResources?.()).toEqual({ ramBytes: 11 });
  expect(await loader.load(context)).toBe("loaded after 1 probes");
  expect(calls).toBe(2);
});

it("lateLoader creates its loader again after a failed load", async () => {
  let calls = 0;
  const loader = lateLoader<number>(async () => {
    const isFirst = ++calls === 1;
    return {
      load: async () => {
        if (isFirst) throw new Error("half copied");
        return 1;
      },
    };
  });
  await expect(loader.load(context)).rejects.toThrow("half copied");
  expect(await loader.load(context)).toBe(1);
});

it("lateLoader estimates nothing and probes nothing for a loader without", async () => {
  const loader = lateLoader<number>(async () => ({ load: async () => 1 }));
  expect(await loader.estimateResources?.()).toEqual({});
  await expect(loader.probe?.(context)).resolves.toBeUndefined();
});
