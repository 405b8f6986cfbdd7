import { type BatchQueue, SharedSlots } from "@serving-kit/batching";
import { isServingError } from "@serving-kit/core";
import { type BatchThread, startBatchThread } from "../batch-thread.js";
import type { Benchmark, Figure } from "../figure.js";

const BATCH_MS = 10;
const MAX_BATCH_SIZE = 32;
const MAX_ENQUEUED_BATCHES = 10;
const SLOTS = 2;
const OVERLOAD = 3;
const OVERLOAD_S = 30;
const PEAK_S = 5;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The accepted tasks and their latency, and the time in which the others were rejected. */
interface Outcome {
  readonly latenciesMs: number[];
  readonly refusalsMs: number[];
  refused: number;
}

/** Schedules tasks at a fixed rate, without waiting for their results. */
async function offer(
  queue: BatchQueue<number, number>,
  perSecond: number,
  seconds: number,
): Promise<Outcome> {
  const outcome: Outcome = { latenciesMs: [], refusalsMs: [], refused: 0 };
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  const endAt = startedAt + 1_000 * seconds;
  let offered = 0;
  while (performance.now() < endAt) {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    for (; offered < due; offered++) {
      const at = performance.now();
      // The others of a burst wait for it to end, and not for the scheduler.
      const isLast = offered + 1 >= due;
      const one = queue.schedule(offered).then(
        () => void outcome.latenciesMs.push(performance.now() - at),
        (error) => {
          if (!isServingError(error) || error.reason !== "BATCH_QUEUE_FULL") throw error;
          if (isLast) outcome.refusalsMs.push(performance.now() - at);
          outcome.refused++;
        },
      );
      pending.add(one);
      void one.then(() => pending.delete(one));
    }
    await sleep(1);
  }
  await Promise.all(pending);
  return outcome;
}

/** Keeps enough tasks in flight to fill every batch. Returns the tasks per second. */
async function peak(queue: BatchQueue<number, number>, seconds: number): Promise<number> {
  let done = 0;
  const startedAt = performance.now();
  const endAt = startedAt + 1_000 * seconds;
  const caller = async () => {
    while (performance.now() < endAt) {
      await queue.schedule(1);
      done++;
    }
  };
  await Promise.all(Array.from({ length: 2 * SLOTS * MAX_BATCH_SIZE }, caller));
  return (1_000 * done) / (performance.now() - startedAt);
}

const percentile = (values: number[], p: number) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? 0;

/** A queue whose batches run in threads. */
const queueOf = (threads: BatchThread[]): BatchQueue<number, number> =>
  new SharedSlots({ slots: SLOTS }).addQueue<number, number>(
    async (tasks) => {
      const thread = threads.pop() as BatchThread;
      await thread.run();
      threads.push(thread);
      return tasks;
    },
    { maxBatchSize: MAX_BATCH_SIZE, maxEnqueuedBatches: MAX_ENQUEUED_BATCHES },
  );

/** The outcome of a run, in numbers, without the values that they are made of. */
interface Summary {
  readonly p99: number;
  readonly p50: number;
  readonly refusalP99: number;
  readonly refused: number;
  /** Tasks per second. */
  readonly throughput: number;
}

function summaryOf({ latenciesMs, refusalsMs, refused }: Outcome): Summary {
  return {
    p99: percentile(latenciesMs, 0.99),
    p50: percentile(latenciesMs, 0.5),
    refusalP99: percentile(refusalsMs, 0.99),
    refused,
    throughput: latenciesMs.length / OVERLOAD_S,
  };
}

function figuresOf(
  { p99, p50, refusalP99, refused, throughput }: Summary,
  capacity: number,
  batchMs: number,
  heapGrowth: number,
): Figure[] {
  const fullQueueMs = (MAX_ENQUEUED_BATCHES * BATCH_MS) / SLOTS;
  return [
    {
      name: "p99 of accepted tasks (baseline: the time a full queue takes)",
      value: p99,
      unit: "ms",
      baseline: fullQueueMs,
      goal: { atMost: 1.5 * fullQueueMs },
    },
    { name: "median of accepted tasks", value: p50, unit: "ms" },
    {
      name: "p99 of the time to a rejection",
      value: refusalP99,
      unit: "ms",
      goal: { atMost: 1 },
    },
    { name: "rejected", value: refused, unit: "tasks" },
    {
      name: "time of a batch (baseline: what its thread is busy)",
      value: batchMs,
      unit: "ms",
      baseline: BATCH_MS,
    },
    {
      name: "throughput (baseline: the peak without overload)",
      value: throughput,
      unit: "tasks/s",
      baseline: capacity,
      goal: { atLeast: 0.95 * capacity },
    },
    { name: "heap growth", value: heapGrowth, unit: "B", goal: { atMost: 5_000_000 } },
  ];
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const benchmark: Benchmark = {
  name: `overload: ${OVERLOAD} x capacity for ${OVERLOAD_S} s, ${BATCH_MS} ms a batch`,
  async run() {
    const starting = Array.from({ length: SLOTS }, () => startBatchThread(BATCH_MS));
    const threads = await Promise.all(starting);
    const queue = queueOf(threads);
    const capacity = await peak(queue, PEAK_S);
    const heapBefore = heapBytes();
    const summary = summaryOf(await offer(queue, OVERLOAD * capacity, OVERLOAD_S));
    await queue.close();
    const heapGrowth = heapBytes() - heapBefore;
    const { runMs } = queue.stats();
    await Promise.all(threads.map((thread) => thread.close()));
    return figuresOf(summary, capacity, runMs.mean, heapGrowth);
  },
};
export default benchmark;
