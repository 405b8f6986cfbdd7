import { type BatchedPredictor, batch, parseBatchingParameters } from "@serving-kit/batching";
import { ServingMap, silentLogger, systemClock } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { expect, it } from "vitest";
import { Replica } from "./replica.js";
import { ReplicaOrigins } from "./replica-origin.js";

it("a loop batches with the error of TF Serving's batching parameters", async () => {
  const predictor: Predictor = {
    signatures: new Map(),
    batchable: true,
    predict: async () => ({}),
  };
  const { options } = parseBatchingParameters({ max_batch_size: 4 });
  const signatures = { f: { ...options, maxBatchSize: 2 } };
  const { origin } = new ReplicaOrigins([]).of(batch(predictor, { ...options, signatures }));
  const serving = new ServingMap<Predictor>();
  const services = { clock: systemClock, logger: silentLogger };
  const context = {
    ...services,
    ...{ platforms: [], processor: undefined, main: {} as never, onBatchStart: undefined },
  };
  const replica = new Replica(serving, context);
  const id = { name: "m", version: 1n };
  await replica.attach(id, structuredClone(origin()));
  await replica.publish(id);
  using handle = serving.acquire({ name: "m" });
  const { expiredError, signatures: own } = (handle.servable as BatchedPredictor).options;
  expect([expiredError, own?.f]).toEqual([
    options.expiredError,
    expect.objectContaining({ maxBatchSize: 2 }),
  ]);
});
