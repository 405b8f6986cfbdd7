import type { BatchedPredictor } from "@serving-kit/batching";
import type { ServableId } from "@serving-kit/core";
import { Gauge, type Registry } from "prom-client";
import type { ServerCore } from "../server-core.js";

/** What the gauges ask the server for when they are read. */
export type GaugedCore = Pick<ServerCore, "states" | "acquire">;

const QUANTILES = { p50: "0.5", p95: "0.95", p99: "0.99" } as const;

/**
 * Gauges of the state of each version and of the batching queues, taken when they are read: what
 * TF Serving's metrics do not tell.
 */
export function addStateGauges(registry: Registry, core: GaugedCore): void {
  const labelNames = ["model_name", "version"];
  const queueLabels = [...labelNames, "signature_name"];
  const queued = new Gauge({
    name: "serving_kit_batching_enqueued_tasks",
    help: "Calls that wait in a batching queue.",
    labelNames: queueLabels,
    registers: [],
  });
  const latency = new Gauge({
    name: "serving_kit_batching_queuing_latency",
    help: "Microseconds that calls waited in a batching queue, by quantile.",
    labelNames: [...queueLabels, "quantile"],
    registers: [],
  });
  // Read before the queues' gauges, which it fills: a registry reads in order of registration.
  new Gauge({
    name: "serving_kit_model_version_state",
    help: "1 for the state that a version of a model is in.",
    labelNames: [...labelNames, "state"],
    registers: [registry],
    collect() {
      this.reset();
      queued.reset();
      latency.reset();
      for (const { id, state } of core.states()) {
        this.set({ ...labelsOf(id), state }, 1);
        if (state === "available") setQueues(core, id, queued, latency);
      }
    },
  });
  registry.registerMetric(queued);
  registry.registerMetric(latency);
}

function setQueues(core: GaugedCore, id: ServableId, queued: Gauge, latency: Gauge): void {
  for (const { signatureName, numEnqueuedTasks, queueMs } of queueStats(core, id)) {
    const labels = { ...labelsOf(id), signature_name: signatureName };
    queued.inc(labels, numEnqueuedTasks);
    for (const [key, quantile] of Object.entries(QUANTILES)) {
      const value = 1_000 * queueMs[key as keyof typeof QUANTILES];
      latency.set({ ...labels, quantile }, value);
    }
  }
}

function queueStats(core: GaugedCore, { name, version }: ServableId) {
  try {
    const handle = core.acquire({ name, version });
    try {
      return (handle.servable as Partial<BatchedPredictor>).stats?.() ?? [];
    } finally {
      handle.release();
    }
  } catch {
    return []; // unloaded in between
  }
}

const labelsOf = ({ name, version }: ServableId) => ({
  model_name: name,
  version: String(version),
});
