import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { bestOf, tune } from "@serving-kit/batching";
import { type Clock, servableId, systemClock } from "@serving-kit/core";
import { type Predictor, signatureOf, type Tensors } from "@serving-kit/inference";
import { decodePredict } from "@serving-kit/tensor-json";
import { builtInPlatforms } from "../built-ins.js";
import { findModel } from "../model-path.js";
import { generatedInputs } from "./generated-inputs.js";

/** The task of a child process that measures one engine. */
export interface EngineTask {
  /** A version of a model, or a base path. */
  readonly path: string;
  readonly signature: string;
  /** A file with the body of a predict request. Default: generated inputs. */
  readonly inputs?: string;
  readonly rows: number;
  readonly callers: number;
  readonly measureMs: number;
}

/** The measurements of an engine with a model. */
export interface EngineMeasurement {
  /** The platform, such as `onnx`. */
  readonly engine: string;
  readonly path: string;
  /** Time to load the model and its library in ms. */
  readonly loadMs: number;
  /** Memory growth of the process from loading the library and the model. */
  readonly memoryBytes: number;
  /** The latency of sequential calls. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The calls per second of many callers, with the best of the tried maximum batch sizes. */
  readonly callsPerSecond: number;
  /** The mean batch size in that run, in rows. */
  readonly batchSize: number;
  readonly outputs: Tensors;
}

/** The batch sizes to try; only 1 for a model that is not batchable. */
const BATCH_SIZES = [1, 8, 32];

/** Measures a model in this process. Call it in a child process that has loaded no other model. */
export async function measureEngine(
  task: EngineTask,
  clock: Pick<Clock, "now"> = systemClock,
): Promise<EngineMeasurement> {
  const { path, platform } = await findModel(task.path, await builtInPlatforms());
  const id = servableId("model", 1);
  const { signal } = new AbortController();
  const before = process.memoryUsage.rss();
  const startedAt = clock.now();
  const predictor = await platform.loader({ path }, id).load({ id, signal });
  const loadMs = clock.now() - startedAt;
  try {
    const inputs = await inputsOf(predictor, task);
    const { signature } = task;
    const outputs = await predictor.predict(inputs, { signature });
    const latencies = await callsInARow(predictor, inputs, task, clock);
    const memoryBytes = process.memoryUsage.rss() - before;
    return {
      ...{ engine: platform.platformName, path, loadMs, memoryBytes, outputs: { ...outputs } },
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      ...(await throughput(predictor, inputs, task)),
    };
  } finally {
    await predictor[Symbol.asyncDispose]?.();
  }
}

async function inputsOf(predictor: Predictor, task: EngineTask): Promise<Tensors> {
  const signature = signatureOf(predictor, task.signature);
  if (task.inputs === undefined) return generatedInputs(signature, task.rows);
  return decodePredict(await readFile(task.inputs), () => signature).inputs;
}

/** The latencies of sequential calls in ms, sorted. */
async function callsInARow(
  predictor: Predictor,
  inputs: Tensors,
  { signature, measureMs }: EngineTask,
  clock: Pick<Clock, "now">,
): Promise<readonly number[]> {
  const latencies: number[] = [];
  // Excludes compilation and allocation in the first calls.
  const warmUntil = clock.now() + measureMs / 4;
  while (clock.now() < warmUntil) await predictor.predict(inputs, { signature });
  const until = clock.now() + measureMs;
  for (let at = clock.now(); at < until; ) {
    await predictor.predict(inputs, { signature });
    const now = clock.now();
    latencies.push(now - at);
    at = now;
  }
  return latencies.sort((a, b) => a - b);
}

async function throughput(
  predictor: Predictor,
  inputs: Tensors,
  { signature, callers, measureMs }: EngineTask,
): Promise<Pick<EngineMeasurement, "callsPerSecond" | "batchSize">> {
  const results = [];
  for await (const result of tune(predictor, {
    ...{ inputs, signature, callers, measureMs },
    maxBatchSizes: predictor.batchable ? BATCH_SIZES : BATCH_SIZES.slice(0, 1),
    batchTimeoutsMs: [0],
    slots: [Math.min(2, availableParallelism())],
  })) {
    results.push(result);
  }
  const best = bestOf(results);
  return {
    callsPerSecond: best?.callsPerSecond ?? 0,
    batchSize: best?.meanBatchSize ?? 1,
  };
}

const quantile = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
