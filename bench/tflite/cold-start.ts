import { baselineCheckout } from "../baseline-checkout.js";
import { COLD_START_PACKAGES, startOnce } from "../cold-start.js";
import type { Benchmark } from "../figure.js";
import { median, spreadOf } from "../measure.js";

const PAIRS = 15;

const benchmark: Benchmark = {
  name: `cold start against the commit of SERVING_KIT_BASELINE (default: the one before), ${PAIRS} pairs`,
  async run() {
    const ref = process.env.SERVING_KIT_BASELINE ?? "HEAD~1";
    const { folder, commit } = await baselineCheckout(ref, COLD_START_PACKAGES);
    await startOnce(folder); // fills the caches of the file system
    await startOnce();
    const ratios: number[] = [];
    const [now, before]: [number[], number[]] = [[], []];
    for (let i = 0; i < PAIRS; i++) {
      const one = (await startOnce()).total;
      const other = (await startOnce(folder)).total;
      now.push(one);
      before.push(other);
      ratios.push(one / other);
    }
    return [
      {
        name: `cold start, import to first answer, over ${commit}`,
        value: median(ratios),
        unit: "x",
        goal: { atMost: 1.3 },
        baseline: 1,
        spread: spreadOf(ratios),
      },
      {
        name: `cold start, import to first answer (baseline: ${commit})`,
        value: median(now),
        unit: "ms",
        baseline: median(before),
        spread: spreadOf(now),
      },
    ];
  },
};
export default benchmark;
