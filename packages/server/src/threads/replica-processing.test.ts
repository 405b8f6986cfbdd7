import { batch } from "@serving-kit/batching";
import { ServingMap, servableId, silentLogger, systemClock } from "@serving-kit/core";
import { definePlatform, type Predictor, tensor } from "@serving-kit/inference";
import { expect, it } from "vitest";
import { process, processedLoader } from "../models/processed-version.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import { Replica } from "./replica.js";
import { ReplicaOrigins } from "./replica-origin.js";

const id = servableId("m", 1);
const spec = { dtype: "float32", shape: [-1] } as const;
const signatures = new Map([
  ["serving_default", { inputs: new Map([["x", spec]]), outputs: new Map([["x", spec]]) }],
]);
const predictor = (unshared: unknown[] = []): Predictor => ({
  signatures,
  batchable: true,
  predict: async (inputs) => inputs,
  share: () => ({ platform: "shared" }),
  unshare: (shared) => void unshared.push(shared),
});
/** Adds one, and records what it processed. */
const processorOf = (processed: unknown[]): ModelProcessor => ({
  name: "adds",
  async process(inner, processing, { path }) {
    processed.push([processing, path]);
    const predict: Predictor["predict"] = async (inputs) => {
      const { x } = await inner.predict(inputs);
      return { x: tensor("float32", [1], [Number(x?.data[0]) + 1]) };
    };
    return { ...inner, predict };
  },
});
const processing = { before: [{ image: {} }] };

it("a loop shares the model behind the processing, and processes for itself", async () => {
  const inMain: unknown[] = [];
  const inLoop: unknown[] = [];
  const facts = { processing, path: "/models/m/1" };
  const inner = predictor();
  const main = await process(inner, processorOf(inMain), facts, id, systemClock);
  const { origin } = new ReplicaOrigins(["shared"]).of(batch(main, {}));
  const posted = structuredClone(origin());
  expect(posted).toMatchObject({ kind: "shared", processed: facts });
  const platform = definePlatform({
    name: "shared",
    load: async () => predictor(),
    attach: async () => predictor(),
  })();
  const serving = new ServingMap<Predictor>();
  const replica = new Replica(serving, {
    ...{ platforms: [platform], processor: processorOf(inLoop), main: {} as never },
    ...{ clock: systemClock, logger: silentLogger, onBatchStart: undefined },
  });
  await replica.attach(id, posted);
  await replica.publish(id);
  using handle = serving.acquire({ name: "m" });
  const { x } = await handle.servable.predict({ x: tensor("float32", [1], [1]) });
  expect(x?.data[0]).toBe(2);
  expect([inMain, inLoop]).toEqual([[[processing, "/models/m/1"]], [[processing, "/models/m/1"]]]);
});

it("a model that cannot be shared runs in the main thread, without its processing", async () => {
  const inner = { ...predictor(), share: undefined } as never;
  const facts = { processing, path: "" };
  const main = await process(inner, processorOf([]), facts, id, systemClock);
  const { origin, remote } = new ReplicaOrigins([]).of(main);
  expect(origin()).toMatchObject({ kind: "remote", processed: facts });
  expect(remote).toBe(inner);
});

it("a version whose steps do not fit is disposed", async () => {
  let disposed = 0;
  const inner = { ...predictor(), [Symbol.asyncDispose]: async () => void disposed++ };
  const processor: ModelProcessor = {
    name: "fails",
    process: () => Promise.reject(new Error("does not fit")),
  };
  const loader = processedLoader(
    { load: async () => inner } as never,
    processor,
    { processing, path: "" },
    id,
  );
  const { signal } = new AbortController();
  await expect(loader.load({ id, signal })).rejects.toThrow("does not fit");
  expect(disposed).toBe(1);
});
