import { batch } from "@serving-kit/batching";
import type { ServableState } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { expose } from "./exposition.js";
import { type GaugedHost, stateMetrics } from "./state-metrics.js";

const spec = { dtype: "float32" as const, shape: [-1] };
const signature = { inputs: new Map([["x", spec]]), outputs: new Map([["x", spec]]) };

it("shows the queues of versions that are available, each inspected once", () => {
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
  const inspected: unknown[] = [];
  const host: GaugedHost = {
    states: () => [
      { id, state: "available" } as ServableState,
      { id: { name: "m", version: 2n }, state: "loading" } as ServableState,
      { id: { name: "gone", version: 1n }, state: "available" } as ServableState,
    ],
    inspect: (asked, read) => {
      inspected.push(asked.name);
      return asked.name === "gone" ? undefined : read(predictor);
    },
  };
  const text = expose(stateMetrics(host));
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
  expect(text).toContain(`reruns_total{${version},signature_name="serving_default"} 0\n`);
  expect(text).toContain('version="2",state="loading"} 1\n');
  expect(inspected).toEqual(["m", "gone"]);
});
