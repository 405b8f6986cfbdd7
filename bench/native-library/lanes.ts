import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";

const CALLERS = 16;
const ROUNDS = 9;
const ROUND_MS = 400;

const dist = new URL("../../packages/native-library/dist/index.js", import.meta.url);
const koffi = createRequire(fileURLToPath(dist))("koffi");

/** Filling so much memory takes 20 to 40 µs. */
const bytes = new Uint8Array(1_000_000);

/** An executor that runs everything off the loop. In the sources, lanes would start with a loader of TypeScript. */
async function executorWith(limit: number) {
  const library: typeof import("@serving-kit/native-library") = await import(dist.href);
  const { functionAt, NativeExecutor, NativeLanes } = library;
  const memset = functionAt(koffi.load(null).symbol("memset"), {
    result: "void *",
    args: ["void *", "int", "size_t"],
  });
  const lanes = new NativeLanes({ limit: () => limit });
  const executor = new NativeExecutor({ execution: "thread", lanes });
  const plan = executor.plan("memset");
  const run = () => executor.run<bigint>(plan, undefined, memset, bytes, 0, bytes.length);
  return { lanes, run };
}

type Contender = Awaited<ReturnType<typeof executorWith>>;

/** Keeps calls in flight for a while, and returns the calls per second and the lateness of a timer of 1 ms. */
async function load({ run }: Contender): Promise<{ perSecond: number; lateMs: number }> {
  let calls = 0;
  let isOn = true;
  const caller = async () => {
    for (; isOn; calls++) await run();
  };
  const callers = Array.from({ length: CALLERS }, caller);
  const startedAt = performance.now();
  const late: number[] = [];
  while (performance.now() - startedAt < ROUND_MS) {
    const before = performance.now();
    await sleep(1);
    late.push(performance.now() - before - 1);
  }
  const perSecond = (1_000 * calls) / (performance.now() - startedAt);
  isOn = false;
  await Promise.all(callers);
  late.sort((a, b) => a - b);
  return { perSecond, lateMs: late[Math.floor(late.length * 0.99)] ?? Number.NaN };
}

/** The time and the memory that the first lane takes until it is ready. */
async function startOf({ lanes, run }: Contender): Promise<Figure[]> {
  const startBytes = process.memoryUsage().rss;
  while (!lanes.isStarted) await Promise.all(Array.from({ length: CALLERS }, run));
  const startedAt = performance.now();
  while (lanes.ready === 0) await run();
  const ms = performance.now() - startedAt;
  const mib = (process.memoryUsage().rss - startBytes) / 2 ** 20;
  return [
    { name: "time until the first lane is ready, while calls run", value: ms, unit: "ms" },
    { name: "resident memory of the first lane", value: mib, unit: "MiB" },
  ];
}

/** The threads of this process. Linux only. */
const threads = () => new Set(readdirSync("/proc/self/task"));

/** The CPU time in ms of these threads. */
function cpuOf(ids: ReadonlySet<string>): number {
  const times = [...ids].map((id) => readFileSync(`/proc/self/task/${id}/schedstat`, "utf8"));
  return times.reduce((sum, time) => sum + Number(time.split(" ")[0]) / 1e6, 0);
}

/** The CPU time of lanes in ms per second while nothing runs. */
async function idleMs(lanes: ReadonlySet<string>): Promise<number> {
  await sleep(500);
  const [before, startedAt] = [cpuOf(lanes), performance.now()];
  await sleep(4_000);
  return (1_000 * (cpuOf(lanes) - before)) / (performance.now() - startedAt);
}

const benchmark: Benchmark = {
  name: "lanes: start, idleness, and timers under load",
  async run() {
    const [lanes, pool] = [await executorWith(2), await executorWith(0)];
    await Promise.all(Array.from({ length: CALLERS }, pool.run)); // Starts libuv's pool.
    const others = threads();
    const figures = await startOf(lanes);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({ pool: await load(pool), lanes: await load(lanes) });
    }
    const lateness = rounds.map(({ lanes, pool }) => lanes.lateMs / pool.lateMs);
    const speeds = rounds.map(({ lanes, pool }) => lanes.perSecond / pool.perSecond);
    figures.push(
      {
        name: "p99 lateness of a 1 ms timer under 16 callers, over the pool",
        value: median(lateness),
        unit: "x",
        goal: { atMost: 1 },
        spread: spreadOf(lateness),
      },
      {
        name: "calls of 16 callers, over the pool",
        value: median(speeds),
        unit: "x",
        spread: spreadOf(speeds),
      },
      {
        name: "CPU time of idle lanes",
        value: await idleMs(new Set([...threads()].filter((id) => !others.has(id)))),
        unit: "ms/s",
        goal: { atMost: 0.1 },
      },
    );
    await lanes.lanes.close();
    return figures;
  },
};

export default benchmark;
