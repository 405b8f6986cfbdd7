/** Runs `operations` operations. Each contender has its own loop, so that the engine can inline. */
export type Contender = (operations: number) => unknown;

/** The measurements of one contender. */
export interface Measurement {
  /** Median over the rounds of the time of one operation in ns. */
  readonly nsPerOperation: number;
  /** Operations a second, from that median. */
  readonly perSecond: number;
  /** Median distance of the rounds from the median, in per cent of it. */
  readonly spread: number;
  /** The time of one operation in ns, round by round. */
  readonly rounds: readonly number[];
}

/** Options for a measurement. */
export interface MeasureOptions {
  /** The number of rounds that count. Default 15. */
  readonly rounds?: number;
  /** The approximate duration of one round of one contender in ms. Default 100. */
  readonly roundMs?: number;
  /** The duration in ms for which each contender runs before anything counts. Default 500. */
  readonly warmUpMs?: number;
  /** The time in ms. Default the wall clock; `cpuMs` counts only what this process did. */
  readonly now?: () => number;
}

/** The CPU time of this process in ms: other work on the machine disturbs it less than it does the wall clock. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Measures contenders against one another in this process: each is warmed up, then they take turns,
 * a short round each, in an order that changes from round to round. What disturbs the machine
 * disturbs them all.
 */
export async function measure<K extends string>(
  contenders: Readonly<Record<K, Contender>>,
  {
    rounds = 15,
    roundMs = 100,
    warmUpMs = 500,
    now = () => performance.now(),
  }: MeasureOptions = {},
): Promise<Record<K, Measurement>> {
  const names = Object.keys(contenders) as K[];
  const operations = new Map<K, number>();
  for (const name of names) {
    operations.set(name, await calibrate(contenders[name], { roundMs, warmUpMs, now }));
  }
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as K;
      const count = operations.get(name) ?? 1;
      globalThis.gc?.();
      times.get(name)?.push((1e6 * (await timeMs(contenders[name], count, now))) / count);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, summarize(times.get(name) ?? [])]),
  ) as Record<K, Measurement>;
}

/** The candidate's speed as a multiple of the baseline's: the median of the ratios of the rounds. */
export function speedRatio(candidate: Measurement, baseline: Measurement): number {
  return median(candidate.rounds.map((ns, round) => (baseline.rounds[round] ?? Number.NaN) / ns));
}

/**
 * The bytes one operation leaves on the JavaScript heap for the collector: the median of runs that
 * are short enough not to be collected meanwhile. Needs `--expose-gc`.
 */
export function bytesPerOperation(contender: Contender, operations = 20_000): number {
  contender(200_000);
  const samples: number[] = [];
  for (let run = 0; run < 15; run++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    contender(operations);
    samples.push((process.memoryUsage().heapUsed - before) / operations);
  }
  return Math.round(median(samples));
}

/** The middle of some numbers; the mean of the two in the middle when their count is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The median distance from the median, in per cent of it. */
export function spreadOf(values: readonly number[]): number {
  const middle = median(values);
  return (100 * median(values.map((value) => Math.abs(value - middle)))) / middle;
}

function summarize(rounds: readonly number[]): Measurement {
  const nsPerOperation = median(rounds);
  return { nsPerOperation, perSecond: 1e9 / nsPerOperation, spread: spreadOf(rounds), rounds };
}

/** Warms a contender up and finds how many operations fill a round. */
async function calibrate(
  contender: Contender,
  { roundMs, warmUpMs, now }: Required<Omit<MeasureOptions, "rounds">>,
): Promise<number> {
  const end = now() + warmUpMs;
  let operations = 1;
  for (;;) {
    const ms = await timeMs(contender, operations, now);
    const wanted = Math.max(1, Math.round((operations * roundMs) / Math.max(ms, 0.01)));
    const isFilled = ms > roundMs / 2;
    if (isFilled && now() >= end) return wanted;
    operations = isFilled ? wanted : Math.min(wanted, operations * 10);
  }
}

async function timeMs(
  contender: Contender,
  operations: number,
  now: () => number,
): Promise<number> {
  const startedAt = now();
  const result = contender(operations);
  if (result instanceof Promise) await result;
  return now() - startedAt;
}
