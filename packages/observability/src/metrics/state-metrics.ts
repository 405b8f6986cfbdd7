import { type CallQueueStats, isBatched } from "@serving-kit/batching";
import type { Delegation, Measure } from "@serving-kit/inference";
import type { ObserverHost } from "@serving-kit/server";
import { type LabelValues, type MetricValues, mergeMetrics, type Sample } from "./metric-values.js";

/** The parts of the server that its gauges are read from. */
export type GaugedHost = Pick<ObserverHost, "states" | "inspect">;

/** The name of the gauge of the state of each version. */
export const VERSION_STATE = "serving_kit_model_version_state";

/** A metric of the batching queues: its name after `serving_kit_batching_`, and its samples. */
interface QueueMetric extends Pick<MetricValues, "name" | "help" | "merge"> {
  /** The label that separates the samples of one queue. */
  readonly label?: string;
  /** The samples of one queue, by the value of `label`. */
  read(stats: CallQueueStats): Readonly<Record<string, number>>;
}

const QUEUE_METRICS: readonly QueueMetric[] = [
  {
    name: "enqueued_tasks",
    help: "Calls waiting in a batching queue.",
    merge: "sum",
    read: ({ numEnqueuedTasks }) => ({ all: numEnqueuedTasks }),
  },
  {
    name: "running_batches",
    help: "Batches in flight.",
    merge: "sum",
    read: ({ numRunningBatches }) => ({ all: numRunningBatches }),
  },
  {
    name: "queuing_latency",
    help: "Microseconds that calls waited in a batching queue, by quantile.",
    merge: "max",
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
    merge: "sum",
    read: ({ batches }) => ({ all: batches }),
  },
  {
    name: "rows_total",
    help: "Rows that were batched since the version was loaded: those of calls, and those of padding.",
    merge: "sum",
    label: "kind",
    read: ({ batchedSize, paddingSize }) => ({ call: batchedSize, padding: paddingSize }),
  },
  {
    name: "reruns_total",
    help: "Reruns of parts of failed batches since the version was loaded.",
    merge: "sum",
    read: ({ reruns }) => ({ all: reruns }),
  },
  {
    name: "turned_away_total",
    help: "Calls that a batching queue did not run since the version was loaded, by reason.",
    merge: "sum",
    label: "because",
    read: ({ rejected, aborted, expired }) => ({ ...rejected, aborted, expired }),
  },
];

/** An available version, with the facts that its predictor reports. */
interface AvailableVersion {
  readonly labels: LabelValues;
  readonly queues: readonly CallQueueStats[];
  readonly delegation: Delegation | undefined;
  readonly measures: readonly Measure[];
}

/**
 * Returns gauges that TF Serving does not have: the state of each version, and the batching queues and delegation of
 * available versions.
 */
export function stateMetrics(host: GaugedHost): MetricValues[] {
  const states: Sample[] = [];
  const available: AvailableVersion[] = [];
  for (const { id, state } of host.states()) {
    const labels = { model_name: id.name, version: String(id.version) };
    states.push({ suffix: "", labels: { ...labels, state }, value: 1 });
    if (state !== "available") continue;
    const facts = host.inspect(id, (predictor) => ({
      queues: isBatched(predictor) ? predictor.stats() : [],
      delegation: predictor.delegation,
      measures: predictor.measures?.() ?? [],
    }));
    if (facts !== undefined) available.push({ labels, ...facts });
  }
  const help = "1 for the state that a version of a model is in.";
  return [
    { name: VERSION_STATE, help, type: "gauge", merge: "sum", samples: states },
    ...QUEUE_METRICS.map((metric) => queueValues(metric, available)),
    ...delegationValues(available),
    ...measureValues(available),
  ];
}

/** The values that servables report about themselves, in the event loop that runs them. */
function measureValues(versions: readonly AvailableVersion[]): MetricValues[] {
  return mergeMetrics(
    versions.flatMap(({ labels, measures }) =>
      measures.map(({ name, help, kind, values }) => ({
        ...{ name: `serving_kit_${name}`, help, type: kind, merge: "sum" as const },
        samples: values.map(
          ({ value, labels: own }): Sample => ({
            suffix: "",
            labels: { ...own, ...labels },
            value,
          }),
        ),
      })),
    ),
  );
}

/** The queues of one signature, one for each set of outputs, are counted together. */
function queueValues(
  { name, help, merge, label, read }: QueueMetric,
  versions: readonly AvailableVersion[],
): MetricValues {
  const samples = versions.flatMap(({ labels, queues }) =>
    queues.flatMap((stats) =>
      Object.entries(read(stats)).map(([key, value]): Sample => {
        const ofQueue = { ...labels, signature_name: stats.signature };
        return { suffix: "", labels: label ? { ...ofQueue, [label]: key } : ofQueue, value };
      }),
    ),
  );
  const type = name.endsWith("_total") ? "counter" : "gauge";
  const values = { name: `serving_kit_batching_${name}`, help, type, merge, samples } as const;
  return { ...values, samples: mergeMetrics([values])[0]?.samples ?? [] };
}

/** The share of each version that an accelerator runs; the same in each event loop. */
function delegationValues(versions: readonly AvailableVersion[]): MetricValues[] {
  const gauge = (key: keyof Delegation, name: string, help: string): MetricValues => ({
    ...{ name, help, type: "gauge", merge: "max" },
    samples: versions.flatMap(({ labels, delegation }) =>
      delegation ? [{ suffix: "", labels, value: delegation[key] }] : [],
    ),
  });
  return [
    gauge(
      "delegated",
      "serving_kit_delegated_operators",
      "Operators of a version that an accelerator runs.",
    ),
    gauge(
      "operators",
      "serving_kit_operators",
      "Operators of a version, if an accelerator may run some.",
    ),
  ];
}
