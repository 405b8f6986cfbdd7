import { servableId } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { mappedLibrary, openLibrary } from "@serving-kit/native-library";
import { nativeCounts, tflite } from "@serving-kit/servable-tflite";
import { CONV, DIGITS } from "../bare-tflite.js";
import type { Benchmark } from "../figure.js";
import { median } from "../measure.js";

const CYCLES = 1_000;
const PREDICTIONS = 1_000_000;
const SAMPLES = 10;

const benchmark: Benchmark = {
  name: `memory over ${CYCLES} loads and unloads and ${PREDICTIONS} predictions`,
  async run() {
    const cycles = await growth(async () => {
      for (let i = 0; i < CYCLES / SAMPLES; i++) {
        const predictor = await load(CONV);
        await predictor[Symbol.asyncDispose]?.();
      }
    });
    const predictor = await load(DIGITS);
    const inputs = (rows: number) => ({
      image: tensor("float32", [rows, 64], new Float32Array(64 * rows).fill(0.5)),
    });
    const [one, two] = [inputs(1), inputs(2)];
    const predictions = await growth(async () => {
      // Every thousandth call has another shape, so that resizing is part of it.
      for (let i = 0; i < PREDICTIONS / SAMPLES; i++) {
        await predictor.predict(i % 1_000 === 0 ? two : one);
      }
    });
    await predictor[Symbol.asyncDispose]?.();
    const alive = Object.values(nativeCounts()).reduce((sum, count) => sum + count, 0);
    return [
      figure(`${CYCLES} loads and unloads`, cycles),
      figure(`${PREDICTIONS} predictions`, predictions),
      {
        name: "native objects alive afterwards",
        value: alive,
        unit: "objects",
        goal: { atMost: 0 },
      },
    ];
  },
};
export default benchmark;

const load = (path: string) => {
  const id = servableId("model", 1);
  const { signal } = new AbortController();
  return tflite().loader({ path }, id).load({ id, signal });
};

interface Growth {
  readonly firstMb: number;
  readonly lastMb: number;
}

/**
 * The memory of the process after the first tenth of some work and at its end: each the median of
 * three tenths. What C's allocator keeps for later is given back before, since it goes up and down.
 */
async function growth(tenth: () => Promise<void>): Promise<Growth> {
  const giveBack = await trimmer();
  const rss: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    await tenth();
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    giveBack();
    rss.push(process.memoryUsage.rss() / 2 ** 20);
  }
  return { firstMb: median(rss.slice(1, 4)), lastMb: median(rss.slice(-3)) };
}

/** M_ARENA_MAX of mallopt(3). */
const ARENA_MAX = -8;

/**
 * glibc's malloc_trim(3); elsewhere nothing. With one arena for all threads: those of libuv's pool would
 * have arenas of their own, and keep what another thread frees, more or less from round to round.
 */
async function trimmer(): Promise<() => void> {
  try {
    const library = await openLibrary({
      name: "glibc",
      candidates: [mappedLibrary(/^libc\.so\.6$|^libc-/)],
      version: { symbol: "gnu_get_libc_version", atLeast: "2" },
      symbols: ["malloc_trim", "mallopt"],
      remedy: "",
    });
    const { trim, option } = library.functions({
      trim: ["malloc_trim", "int", "size_t"],
      option: ["mallopt", "int", "int", "int"],
    });
    option(ARENA_MAX, 1);
    return () => void trim(0);
  } catch {
    return () => {};
  }
}

function figure(what: string, { firstMb, lastMb }: Growth) {
  return {
    name: `${what}: resident memory gained after the first tenth (baseline: resident)`,
    value: lastMb - firstMb,
    unit: "MB",
    goal: { atMost: 0.05 * firstMb },
    baseline: firstMb,
  };
}
