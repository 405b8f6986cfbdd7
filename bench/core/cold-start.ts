import { baselineCheckout } from "../baseline-checkout.js";
import { COLD_START_PACKAGES, type ColdModel, type ColdStart, startOnce } from "../cold-start.js";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";

const PROCESSES = 11;

/** The commit before the parts were measured. */
const BEFORE = "82e95099";

const benchmark: Benchmark = {
  name: `cold start with its parts, and that of ${BEFORE}, ${PROCESSES} processes each`,
  async run() {
    const { folder } = await baselineCheckout(BEFORE, COLD_START_PACKAGES);
    const figures: Figure[] = [];
    for (const model of ["tflite", "savedmodel"] as const) {
      figures.push(...(await measure(model, folder)));
    }
    return figures;
  },
};
export default benchmark;

async function measure(model: ColdModel, before: string): Promise<Figure[]> {
  const now: ColdStart[] = [];
  const parted: ColdStart[] = [];
  const old: ColdStart[] = [];
  // The first round fills the caches of the file system.
  for (let i = -1; i < PROCESSES; i++) {
    const round = [
      await startOnce(undefined, { model }),
      await startOnce(undefined, { model, isParted: true }),
      await startOnce(before, { model }),
    ] as const;
    if (i < 0) continue;
    now.push(round[0]);
    parted.push(round[1]);
    old.push(round[2]);
  }
  const part = (name: string, starts: readonly ColdStart[], of: (start: ColdStart) => number) => {
    const times = starts.map(of);
    return {
      name: `cold start, ${model}: ${name}`,
      value: median(times),
      unit: "ms",
      spread: spreadOf(times),
    };
  };
  const ratios = now.map(({ imports }, i) => imports / (old[i] as ColdStart).imports);
  return [
    {
      ...part("import to first answer", now, ({ total }) => total),
      // libtensorflow itself takes longer.
      ...(model === "tflite" && { goal: { atMost: 300 } }),
    },
    part(`the same of ${BEFORE}`, old, ({ total }) => total),
    part("importing the kit", now, ({ imports }) => imports),
    part("finding and opening the library", parted, ({ library }) => library),
    part("loading and warming up the model, library open", parted, ({ load }) => load),
    part("the first call", now, ({ run }) => run),
    part("start of the process to first answer", now, (start) => start.process),
    {
      name: `cold start, ${model}: importing the kit, over ${BEFORE}`,
      value: median(ratios),
      unit: "x",
      goal: { atMost: 0.5 },
      spread: spreadOf(ratios),
    },
  ];
}
