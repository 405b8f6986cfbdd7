import type { Benchmark } from "../figure.js";
import { type Contender, measure, median, speedRatio } from "../measure.js";
import { SwappingManager } from "../swapping-manager.js";

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `servable-${i}`);

async function filled(count: number): Promise<SwappingManager> {
  const swapping = new SwappingManager(namesOf(count));
  await swapping.fill();
  return swapping;
}

/** Swaps the versions of the names one after another. */
const swappingOne =
  (swapping: SwappingManager): Contender =>
  async (operations) => {
    for (let i = 0; i < operations; i++) await swapping.swap(i % swapping.names.length);
  };

/** The time in ms to load 10,000 names with 2 versions each into an empty manager. */
async function fillMs(): Promise<number> {
  const swapping = new SwappingManager(namesOf(10_000));
  const startedAt = performance.now();
  await swapping.fill(2);
  const ms = performance.now() - startedAt;
  await swapping.manager.close();
  return ms;
}

const benchmark: Benchmark = {
  name: "reconcile after one change",
  async run() {
    const managers = {
      few: await filled(100),
      some: await filled(1_000),
      many: await filled(10_000),
    };
    const { few, some, many } = await measure({
      few: swappingOne(managers.few),
      some: swappingOne(managers.some),
      many: swappingOne(managers.many),
    });
    for (const { manager } of Object.values(managers)) await manager.close();
    const fills: number[] = [];
    for (let run = 0; run < 5; run++) fills.push(await fillMs());
    return [
      {
        name: "swap one version among 100 names",
        value: few.nsPerOperation / 1e3,
        unit: "us",
        spread: few.spread,
      },
      {
        name: "swap one version among 10,000 names",
        value: many.nsPerOperation / 1e3,
        unit: "us",
        baseline: few.nsPerOperation / 1e3,
        spread: many.spread,
      },
      {
        name: "time of a change among 1,000 names, against 100",
        value: 1 / speedRatio(some, few),
        unit: "x",
        goal: { atMost: 2 },
        baseline: 1,
      },
      {
        name: "time of a change among 10,000 names, against 100",
        value: 1 / speedRatio(many, few),
        unit: "x",
        goal: { atMost: 2 },
        baseline: 1,
      },
      {
        name: "load 10,000 names with 2 versions each from empty",
        value: median(fills),
        unit: "ms",
        goal: { atMost: 2_000 },
      },
    ];
  },
};
export default benchmark;
