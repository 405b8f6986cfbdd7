import type { BatchedPredictor, CallQueueStats } from "@serving-kit/batching";
import type { ServableId } from "@serving-kit/core";
import type { Delegation } from "@serving-kit/inference";
import { Counter, Gauge, type Registry } from "prom-client";
import type { ServerCore } from "../server-core.js";

/** What the gauges ask the server for when they are read. */
export type GaugedCore = Pick<ServerCore, "states" | "acquire">;

/** The name of the gauge of the state of each version. */
export const VERSION_STATE = "serving_kit_model_version_state";

/** A gauge of the batching queues: its name after `serving_kit_batching_`, and its samples. */
interface QueueGauge {
  readonly name: string;
  readonly help: string;
  /** The label that tells the samples of one queue apart. */
  readonly label?: string;
  /** The samples of one queue, by the value of `label`. */
  read(stats: CallQueueStats): Readonly<Record<string, number>>;
}

const QUEUE_GAUGES: readonly QueueGauge[] = [
  {
    name: "enqueued_tasks",
    help: "Calls that wait in a batching queue.",
    read: ({ numEnqueuedTasks }) => ({ all: numEnqueuedTasks }),
  },
  {
    name: "running_batches",
    help: "Batches in flight.",
    read: ({ numRunningBatches }) => ({ all: numRunningBatches }),
  },
  {
    name: "queuing_latency",
    help: "Microseconds that calls waited in a batching queue, by quantile.",
    label: "quantile",
    read: ({ queueMs }) => ({
      "0.5": 1_000 * queueMs.p50,
      "0.95": 1_000 * queueMs.p95,
      "0.99": 1_000 * queueMs.p99,
    }),
  },
  {
    name: "batches_total",
    help: "Batches that were started since the version was loaded.",
    read: ({ batches }) => ({ all: batches }),
  },
  {
    name: "rows_total",
    help: "Rows that were batched since the version was loaded: those of calls, and those of padding.",
    label: "kind",
    read: ({ batchedSize, paddingSize }) => ({ call: batchedSize, padding: paddingSize }),
  },
  {
    name: "turned_away_total",
    help: "Calls that a batching queue did not run since the version was loaded, by reason.",
    label: "because",
    read: ({ rejected, aborted, expired }) => ({ ...rejected, aborted, expired }),
  },
];

/**
 * Gauges of the state of each version, of its delegation and of the batching queues, taken when they are read: what
 * TF Serving's metrics do not tell.
 */
export function addStateGauges(registry: Registry, core: GaugedCore): void {
  const labelNames = ["model_name", "version"];
  const ofQueues = QUEUE_GAUGES.map((queueGauge) => {
    const { name, help, label } = queueGauge;
    const configuration = {
      name: `serving_kit_batching_${name}`,
      help,
      labelNames: [...labelNames, "signature_name", ...(label ? [label] : [])],
      // Of several event loops: each has queues of its own.
      aggregator: label === "quantile" ? ("max" as const) : ("sum" as const),
      registers: [],
    };
    const Metric = name.endsWith("_total") ? Counter : Gauge;
    return { ...queueGauge, gauge: new Metric(configuration) };
  });
  const delegation = delegationGauges();
  // Read before the other gauges, which it fills: a registry reads in order of registration.
  new Gauge({
    name: VERSION_STATE,
    help: "1 for the state that a version of a model is in.",
    labelNames: [...labelNames, "state"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { gauge } of ofQueues) gauge.reset();
      for (const gauge of Object.values(delegation)) gauge.reset();
      for (const { id, state } of core.states()) {
        const version = { model_name: id.name, version: String(id.version) };
        this.set({ ...version, state }, 1);
        if (state !== "available") continue;
        const { stats: queues, delegation: counts } = factsOf(core, id);
        if (counts !== undefined) {
          delegation.delegated.set(version, counts.delegated);
          delegation.operators.set(version, counts.operators);
        }
        for (const stats of queues) {
          const queue = { ...version, signature_name: stats.signature };
          for (const { gauge, label, read } of ofQueues) {
            for (const [key, value] of Object.entries(read(stats))) {
              // Several queues of one signature, for different outputs, count together.
              if (gauge instanceof Gauge && label === "quantile")
                gauge.set({ ...queue, quantile: key }, value);
              else gauge.inc(label ? { ...queue, [label]: key } : queue, value);
            }
          }
        }
      }
    },
  });
  for (const { gauge } of ofQueues) registry.registerMetric(gauge);
  for (const gauge of Object.values(delegation)) registry.registerMetric(gauge);
}

/** How much of each version an accelerator runs: the same in each event loop. */
function delegationGauges() {
  const gauge = (name: string, help: string) =>
    new Gauge({
      name: `serving_kit_${name}`,
      help,
      labelNames: ["model_name", "version"],
      aggregator: "max",
      registers: [],
    });
  return {
    delegated: gauge("delegated_operators", "Operators of a version that an accelerator runs."),
    operators: gauge("operators", "Operators of a version, if an accelerator may run some."),
  };
}

interface VersionFacts {
  readonly stats: readonly CallQueueStats[];
  readonly delegation?: Delegation | undefined;
}

function factsOf(core: GaugedCore, { name, version }: ServableId): VersionFacts {
  try {
    const handle = core.acquire({ name, version });
    try {
      const { servable } = handle;
      const stats = (servable as Partial<BatchedPredictor>).stats?.() ?? [];
      return { stats, delegation: servable.delegation };
    } finally {
      handle.release();
    }
  } catch {
    return { stats: [] }; // unloaded in between
  }
}
