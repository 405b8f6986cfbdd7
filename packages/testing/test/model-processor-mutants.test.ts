import { unload } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelProcessor } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../src/index.js";
import { modelProcessorConformance } from "../src/plugins/index.js";
import { failuresOf } from "./collecting-runner.js";
import { scale, scalingOptions } from "./plugin-suites.js";

type Process = ModelProcessor["process"];

/** The clauses of processors that a processor breaks, in the words of the suite. */
async function brokenBy(
  process: Process,
  plugin: Partial<ModelProcessor> = {},
  create = (): ModelProcessor => ({ name: "scaling", process, ...plugin }),
) {
  const failures = await failuresOf((runner) => {
    const describe = (name: string, body: () => void) =>
      name.includes("ModelProcessor") && runner.describe(name, body);
    modelProcessorConformance(
      { ...runner, describe },
      { ...scalingOptions, create, timeoutMs: 200 },
    );
  });
  return [...failures.keys()];
}

/** Processes rightly, then changes what came of it. */
const changed =
  (change: (result: Predictor, given: Predictor) => Partial<Predictor>): Process =>
  async (given, processing, version) => {
    const result = await scale(given, processing, version);
    const { signatures, batchable } = result;
    return {
      ...{ signatures, batchable },
      predict: (inputs, options) => result.predict(inputs, options),
      [Symbol.asyncDispose]: () => unload(result),
      ...change(result, given),
    };
  };

describe("modelProcessorConformance rejects a processor", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(scale)).toEqual([]);
    expect(await brokenBy(changed(() => ({})))).toEqual([]);
  });

  it("PC1 that leaves the inputs of the model, or answers wrongly", async () => {
    expect(await brokenBy(changed((_, { signatures }) => ({ signatures })))).toContain("PC1");
    const constant = changed((result) => ({
      predict: async (inputs, options) => {
        const { y } = await result.predict(inputs, options);
        return { y: { ...y, data: new Float32Array(y?.data.length ?? 0) } as typeof y & object };
      },
    }));
    expect(await brokenBy(constant)).toContain("PC1");
    const create = () => ({ name: "scaling", process: constant });
    const failures = await failuresOf((runner) =>
      modelProcessorConformance(runner, { ...scalingOptions, create }),
    );
    expect([...failures.keys()]).toEqual(expect.arrayContaining(["PC1", "S2", "S5"]));
  });

  it("PC2 that never disposes the given predictor, disposes it early, or again", async () => {
    const leaking = changed(() => ({ [Symbol.asyncDispose]: async () => {} }));
    expect(await brokenBy(leaking)).toContain("PC2");
    const early = changed((result, given) => ({
      async [Symbol.asyncDispose]() {
        await unload(given);
        await unload(result);
      },
    }));
    expect(await brokenBy(early)).toContain("PC2");
    const again = changed((result, given) => ({
      async [Symbol.asyncDispose]() {
        await unload(result);
        await unload(given);
      },
    }));
    expect(await brokenBy(again)).toEqual(["PC2"]);
  });

  it("PC3 that disposes what does not fit, accepts it, or throws any error", async () => {
    const disposing: Process = async (given, processing, version) => {
      try {
        return await scale(given, processing, version);
      } catch (error) {
        await unload(given);
        throw error;
      }
    };
    expect(await brokenBy(disposing)).toEqual(["PC3"]);
    const lenient: Process = (given, processing, version) =>
      scale(given, processing, version).catch(() => given);
    expect(await brokenBy(lenient)).toEqual(["PC3"]);
    const rude: Process = (given, processing, version) =>
      scale(given, processing, version).catch((error) => {
        throw new TypeError(error.message);
      });
    expect(await brokenBy(rude)).toEqual(["PC3"]);
  });

  it("PC4 that has one predictor for all event loops, or knows processing by its identity", async () => {
    const create = () => {
      const made = new Map<string, Predictor>();
      const process: Process = async (given, processing, version) => {
        const key = JSON.stringify(processing);
        const result = made.get(key) ?? (await scale(given, processing, version));
        made.set(key, result);
        return result;
      };
      return { name: "scaling", process };
    };
    expect(await brokenBy(scale, {}, create)).toEqual(["PC4"]);
    const first: Process = (() => {
      let own: unknown;
      return (given, processing, version) => {
        own ??= processing;
        return scale(given, own === processing ? processing : { before: [{ scale: 3 }] }, version);
      };
    })();
    expect(await brokenBy(first)).toContain("PC4");
  });

  it("PC5 that drops the signal or the deadline of a call, or reads another clock", async () => {
    const withoutSignal = changed((result) => ({
      predict: (inputs, { signal: _, ...options } = {}) => result.predict(inputs, options),
    }));
    expect(await brokenBy(withoutSignal)).toContain("PC5");
    const withoutDeadline = changed((result) => ({
      predict: (inputs, { deadlineAtMs: _, ...options } = {}) => result.predict(inputs, options),
    }));
    expect(await brokenBy(withoutDeadline)).toContain("PC5");
    const otherClock: Process = (given, processing, version) =>
      scale(given, processing, { ...version, clock: new FakeClock() });
    expect(await brokenBy(otherClock)).toContain("PC5");
  });

  it("PC6 that is batchable always, or never", async () => {
    expect(await brokenBy(changed(() => ({ batchable: true })))).toEqual(["PC6"]);
    expect(await brokenBy(changed(() => ({ batchable: false })))).toContain("PC6");
  });

  it("PC7 that removes steps from the processing, or writes over the given predictor", async () => {
    const taking: Process = (given, processing, version) => {
      const before = (processing.before as object[]).splice(0);
      return scale(given, { before }, version);
    };
    expect(await brokenBy(taking)).toEqual(["PC7"]);
    const writing: Process = (given, processing, version) => {
      (given as { batchable: boolean }).batchable = !given.batchable;
      return scale(given, processing, version);
    };
    expect(await brokenBy(writing)).toContain("PC7");
  });

  it("PL1 whose module does not export it", async () => {
    const module = { url: "data:text/javascript,export default { name: 'other' }" };
    expect(await brokenBy(scale, { module })).toEqual(["PL1"]);
  });
});
