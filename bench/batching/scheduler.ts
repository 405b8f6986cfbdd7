import { SharedSlots } from "@serving-kit/batching";
import type { Benchmark } from "../figure.js";
import { type Contender, measure } from "../measure.js";

/** The number of tasks that are scheduled in one turn of the event loop. */
const WAVE = 1_024;
const TASKS_FOR_HEAP = 10_000_000;

const echo = (tasks: readonly number[]) => tasks;
const echoLater = async (tasks: readonly number[]) => tasks;

/** A queue with priorities and stats; every task has a deadline, so that a timer is set. */
function queueOf(
  maxBatchSize: number,
  run: (tasks: readonly number[]) => typeof tasks | Promise<typeof tasks>,
) {
  const queue = new SharedSlots({ slots: 2 }).addQueue<number, number>(run, {
    maxBatchSize,
    maxEnqueuedBatches: WAVE / maxBatchSize,
    priorityLevels: 2,
  });
  const deadlineAtMs = performance.now() + 3_600_000;
  const options = [0, 1].map((priority) => ({ size: 1, priority, deadlineAtMs })) as [
    object,
    object,
  ];
  return { queue, options };
}

/** Schedules in waves and waits for the last task of each, as a server's callers would by turns. */
function scheduling(maxBatchSize: number, run: Parameters<typeof queueOf>[1]): Contender {
  const { queue, options } = queueOf(maxBatchSize, run);
  return async (operations) => {
    for (let i = 0; i < operations; i += WAVE) {
      let last: Promise<number> | undefined;
      // The less urgent level last: when its last task has settled, all have.
      for (let j = 0; j < WAVE / 2; j++) void queue.schedule(j, options[0]);
      for (let j = 0; j < WAVE / 2; j++) last = queue.schedule(j, options[1]);
      await last;
    }
  };
}

/** The same, with every promise awaited. */
function awaitingAll(maxBatchSize: number): Contender {
  const { queue, options } = queueOf(maxBatchSize, echo);
  return async (operations) => {
    for (let i = 0; i < operations; i += WAVE) {
      const results: Promise<number>[] = [];
      for (let j = 0; j < WAVE; j++) results.push(queue.schedule(j, options[j & 1]));
      await Promise.all(results);
    }
  };
}

/** The floor: a promise a task, made and resolved. */
const promises: Contender = async (operations) => {
  let resolveOne: (value: number) => void = () => {};
  const capture = (resolve: (value: number) => void) => {
    resolveOne = resolve;
  };
  for (let i = 0; i < operations; i += WAVE) {
    let last: Promise<number> | undefined;
    for (let j = 0; j < WAVE; j++) {
      last = new Promise(capture);
      resolveOne(j);
    }
    await last;
  }
};

async function heapGrowth(): Promise<number> {
  const run = scheduling(32, echo);
  await run(TASKS_FOR_HEAP / 10);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await run(TASKS_FOR_HEAP);
  globalThis.gc?.();
  return process.memoryUsage().heapUsed - before;
}

const benchmark: Benchmark = {
  name: "batch scheduler alone: priorities, deadlines and stats on, a batch function that does nothing",
  async run() {
    const { at32, at1, asyncAt32, asyncAt1, awaited, floor } = await measure({
      at32: scheduling(32, echo),
      at1: scheduling(1, echo),
      asyncAt32: scheduling(32, echoLater),
      asyncAt1: scheduling(1, echoLater),
      awaited: awaitingAll(32),
      floor: promises,
    });
    const baseline = floor.perSecond;
    const figure = (name: string, { perSecond, spread }: typeof at32) => ({
      name,
      value: perSecond,
      unit: "tasks/s",
      baseline,
      spread,
    });
    return [
      { ...figure("batches of 32", at32), goal: { atLeast: 4_000_000 } },
      { ...figure("batches of 1", at1), goal: { atLeast: 2_000_000 } },
      figure("batches of 32, results by a promise", asyncAt32),
      figure("batches of 1, results by a promise", asyncAt1),
      figure("batches of 32, every task's promise in a Promise.all", awaited),
      {
        name: "heap growth over 10 million tasks",
        value: await heapGrowth(),
        unit: "B",
        goal: { atMost: 1_000_000 },
      },
    ];
  },
};
export default benchmark;
