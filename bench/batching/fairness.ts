import { SharedSlots } from "@serving-kit/batching";
import type { Benchmark, Figure } from "../figure.js";

const BATCH_MS = 10;
const MAX_BATCH_SIZE = 32;
const SLOTS = 2;
const SECONDS = 10;
/** The load of each model, in quarters of the capacity. */
const OFFERS = { flooded: 12, half: 0.5, quarter: 1, double: 2 } as const;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function start(slots: SharedSlots) {
  return slots.addQueue<number, number>(
    async (tasks) => {
      await sleep(BATCH_MS);
      return tasks;
    },
    { maxBatchSize: MAX_BATCH_SIZE },
  );
}

/** Offers tasks to every queue at its rate and counts what each answered, a second. */
async function offer(rates: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const slots = new SharedSlots({ slots: SLOTS });
  const models = Object.entries(rates).map(([name, rate]) => ({
    name,
    rate,
    queue: start(slots),
    offered: 0,
    answered: 0,
  }));
  const startedAt = performance.now();
  for (let elapsedMs = 0; elapsedMs < 1_000 * SECONDS; elapsedMs = performance.now() - startedAt) {
    for (const model of models) {
      for (; model.offered < (elapsedMs / 1_000) * model.rate; model.offered++) {
        model.queue.schedule(1).then(
          () => void model.answered++,
          () => {},
        );
      }
    }
    await sleep(1);
  }
  const answers = models.map(({ name, answered }) => [name, answered / SECONDS] as const);
  await slots.close();
  return Object.fromEntries(answers);
}

const benchmark: Benchmark = {
  name: "four models on one pool, one of them flooded",
  async run() {
    // One model alone, flooded: the capacity of the pool, timers of the machine included.
    const { alone: capacity = 0 } = await offer({
      alone: (10 * 1_000 * SLOTS * MAX_BATCH_SIZE) / BATCH_MS,
    });
    const quarter = capacity / 4;
    const rates = Object.fromEntries(
      Object.entries(OFFERS).map(([name, quarters]) => [name, quarters * quarter]),
    );
    const answered = await offer(rates);
    return Object.entries(rates).map(([name, rate]): Figure => {
      const due = Math.min(rate, quarter);
      return {
        name: `${name}: offered ${OFFERS[name as keyof typeof OFFERS]} quarters of the capacity (baseline: its due)`,
        value: answered[name] ?? 0,
        unit: "tasks/s",
        baseline: due,
        ...(name !== "flooded" && { goal: { atLeast: 0.9 * due } }),
      };
    });
  },
};
export default benchmark;
