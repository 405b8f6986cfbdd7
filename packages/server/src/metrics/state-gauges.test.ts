import { batch } from "@serving-kit/batching";
import type { ServableState } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { addStateGauges, type GaugedCore } from "./state-gauges.js";

const spec = { dtype: "float32" as const, shape: [-1] };
const signature = { inputs: new Map([["x", spec]]), outputs: new Map([["x", spec]]) };

it("shows what waits in the queues of versions that are available, and releases them", async () => {
  const predictor = batch(
    {
      signatures: new Map([["serving_default", signature]]),
      batchable: true,
      delegation: { delegated: 55, operators: 57 },
      predict: () => new Promise(() => {}),
    },
    { maxBatchSize: 1, clock: new FakeClock() },
  );
  for (let i = 0; i < 3; i++) void predictor.predict({ x: tensor("float32", [1], [i]) });
  const id = { name: "m", version: 1n };
  let held = 0;
  const core = {
    states: () => [
      { id, state: "available" } as ServableState,
      { id: { name: "m", version: 2n }, state: "loading" } as ServableState,
    ],
    acquire: () => {
      held++;
      return { id, servable: predictor, release: () => held-- };
    },
  } as unknown as GaugedCore;
  const registry = new Registry();
  addStateGauges(registry, core);
  const text = await registry.metrics();
  const version = 'model_name="m",version="1"';
  expect(text).toContain(`serving_kit_delegated_operators{${version}} 55\n`);
  expect(text).toContain(`serving_kit_operators{${version}} 57\n`);
  const { numEnqueuedTasks, numRunningBatches, batchedSize } = predictor.stats()[0] ?? {};
  expect(numEnqueuedTasks).toBeGreaterThan(0);
  expect(text).toContain(
    `enqueued_tasks{${version},signature_name="serving_default"} ${numEnqueuedTasks}\n`,
  );
  expect(text).toContain(
    `running_batches{${version},signature_name="serving_default"} ${numRunningBatches}\n`,
  );
  expect(text).toContain(
    `rows_total{${version},signature_name="serving_default",kind="call"} ${batchedSize}\n`,
  );
  expect(text).toContain(
    `turned_away_total{${version},signature_name="serving_default",because="queueFull"} 0\n`,
  );
  expect(text).toContain('version="2",state="loading"} 1\n');
  expect(held).toBe(0);
});
