import { availableParallelism } from "node:os";
import { type Clock, systemClock } from "@serving-kit/core";
import type { Predictor, Tensors } from "@serving-kit/inference";
import { batch } from "./batch.js";
import { resolveBatchQueueOptions } from "./batch-queue-options.js";
import { DurationHistogram } from "./duration-histogram.js";

/** Options of `tune`: the configurations to try, and the calls. */
export interface TuneOptions {
  /** The inputs of one call, with as many rows as a caller of the model usually sends. */
  readonly inputs: Tensors;
  /** Default `serving_default`. */
  readonly signature?: string | undefined;
  /** Number of concurrent callers; each calls again as soon as it has its answer. Default 64. */
  readonly callers?: number | undefined;
  /** Time in ms to measure each configuration. Default 1000. */
  readonly measureMs?: number | undefined;
  /** Default 1, 8, 32, 128. */
  readonly maxBatchSizes?: readonly number[] | undefined;
  /** In milliseconds. Default 0, 2. */
  readonly batchTimeoutsMs?: readonly number[] | undefined;
  /** Default 1, 2, 4. */
  readonly slots?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

/** A configuration of batching. */
export interface TuneConfiguration {
  readonly maxBatchSize: number;
  readonly batchTimeoutMs: number;
  readonly slots: number;
  /**
   * `idle-first` is the timing of `batching: true`, with its other defaults; TF Serving's parameters cannot express it.
   */
  readonly timing: "idle-first" | "batch-timeout";
}

/** The measurements of one configuration. */
export interface TuneResult {
  readonly configuration: TuneConfiguration;
  readonly callsPerSecond: number;
  /** The latency of a call, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The mean size of the batches, in rows. */
  readonly meanBatchSize: number;
  /** Number of failed calls; a configuration with failures is never the best. */
  readonly failed: number;
  /** Number of configurations measured so far, including this one, and the total. */
  readonly done: number;
  readonly total: number;
}

/**
 * Measures a predictor with the default batching options, then with every combination of batch size, timeout and slots,
 * one after the other, and yields each result when it is ready. The first configuration runs twice, and the second run
 * is measured.
 *
 * The predictor is not disposed. When the signal aborts, the iteration throws its reason after the call in progress.
 *
 * @throws the rejection of the first call of the predictor, so that invalid inputs are reported before the
 * measurements.
 */
export async function* tune(
  predictor: Predictor,
  options: TuneOptions,
): AsyncGenerator<TuneResult, void, void> {
  const { inputs, signature, signal } = options;
  await predictor.predict(inputs, signature === undefined ? {} : { signature });
  const configurations = configurationsOf(options);
  // Compilation and allocation in the first calls would distort the first configuration.
  const [first] = configurations;
  if (first !== undefined) await measure(predictor, first, options);
  for (const [index, configuration] of configurations.entries()) {
    signal?.throwIfAborted();
    const measured = await measure(predictor, configuration, options);
    yield { ...measured, done: index + 1, total: configurations.length };
  }
}

/**
 * Returns the best result: the most calls per second within the maximum latency, if one is given; among results within
 * 3 % of it, the one with the lowest p99. Undefined if no result meets the latency.
 */
export function bestOf(
  results: readonly TuneResult[],
  maxP99Ms = Number.POSITIVE_INFINITY,
): TuneResult | undefined {
  const fit = results.filter(({ failed, p99Ms }) => failed === 0 && p99Ms <= maxP99Ms);
  const most = Math.max(...fit.map(({ callsPerSecond }) => callsPerSecond));
  return fit
    .filter(({ callsPerSecond }) => callsPerSecond >= 0.97 * most)
    .sort((a, b) => a.p99Ms - b.p99Ms)[0];
}

/** Formats a configuration as TF Serving's batching parameters, in text proto. */
export function formatBatchingParameters(configuration: TuneConfiguration): string {
  const { maxBatchSize, batchTimeoutMs, slots } = configuration;
  return [
    `max_batch_size { value: ${maxBatchSize} }`,
    `batch_timeout_micros { value: ${Math.round(1000 * batchTimeoutMs)} }`,
    `num_batch_threads { value: ${slots} }`,
    "",
  ].join("\n");
}

function configurationsOf(options: TuneOptions): TuneConfiguration[] {
  const { maxBatchSizes = [1, 8, 32, 128], batchTimeoutsMs = [0, 2], slots = [1, 2, 4] } = options;
  const timing = "batch-timeout" as const;
  const combinations = maxBatchSizes.flatMap((maxBatchSize) =>
    slots.flatMap((slots) =>
      // A batch of one task is full immediately, so the timeout makes no difference.
      (maxBatchSize === 1 ? batchTimeoutsMs.slice(0, 1) : batchTimeoutsMs).map(
        (batchTimeoutMs) => ({ maxBatchSize, batchTimeoutMs, slots, timing }),
      ),
    ),
  );
  const { maxBatchSize, batchTimeoutMs } = resolveBatchQueueOptions({});
  const defaults = { maxBatchSize, batchTimeoutMs, slots: availableParallelism() };
  return [{ ...defaults, timing: "idle-first" }, ...combinations];
}

async function measure(
  predictor: Predictor,
  configuration: TuneConfiguration,
  options: TuneOptions,
): Promise<Omit<TuneResult, "done" | "total">> {
  const { callers = 64, clock = systemClock } = options;
  const maxEnqueuedBatches = Math.max(10, Math.ceil(callers / configuration.maxBatchSize));
  const batched = batch(undisposed(predictor), { ...configuration, maxEnqueuedBatches, clock });
  try {
    const { latencies, elapsedMs, failed } = await callTogether(batched, options);
    const { count, p50, p99 } = latencies.summary();
    const stats = batched.stats();
    const rows = stats.reduce((sum, { batchedSize }) => sum + batchedSize, 0);
    const batches = stats.reduce((sum, { batches }) => sum + batches, 0);
    return {
      configuration,
      callsPerSecond: (1000 * count) / elapsedMs,
      p50Ms: p50,
      p99Ms: p99,
      meanBatchSize: batches === 0 ? 0 : rows / batches,
      failed,
    };
  } finally {
    await batched[Symbol.asyncDispose]();
  }
}

/** Returns a predictor without disposal: the owner of the predictor disposes it. */
function undisposed(predictor: Predictor): Predictor {
  const { signatures, batchable } = predictor;
  return {
    signatures,
    batchable,
    predict: (inputs, options) => predictor.predict(inputs, options),
    ...(predictor.allocate && { allocate: (dtype, shape) => predictor.allocate?.(dtype, shape) }),
  };
}

/** Has all callers call a predictor, one call after the other, until the time of the measurement is over. */
async function callTogether(
  predictor: Predictor,
  { inputs, signature, callers = 64, measureMs = 1000, clock = systemClock, signal }: TuneOptions,
) {
  const call = signature === undefined ? {} : { signature };
  const latencies = new DurationHistogram();
  const startedAtMs = clock.now();
  let failed = 0;
  const keepCalling = async () => {
    for (let at = startedAtMs; at - startedAtMs < measureMs; ) {
      signal?.throwIfAborted();
      const calledAtMs = clock.now();
      await predictor.predict(inputs, call).catch(() => failed++);
      at = clock.now();
      latencies.record(at - calledAtMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, keepCalling));
  return { latencies, elapsedMs: clock.now() - startedAtMs, failed };
}
