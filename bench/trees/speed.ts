import { readFileSync } from "node:fs";
import type { Predictor } from "@serving-kit/inference";
import { tensor } from "@serving-kit/inference";
import { openKernel } from "../../packages/servable-trees/test/open-kernel.js";
import type { Benchmark, Figure, Goal } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { FEATURES, type TreeModels, treeModels } from "../tree-models.js";

const ROUNDS = 15;

const benchmark: Benchmark = {
  name: "trees against their libraries, CPU time on one thread, interleaved",
  async run() {
    using models = treeModels();
    if (models === undefined) return [];
    const trees = "100 trees of depth 6";
    await using xgb = await models.load("d6.ubj");
    await using light = await models.load("lightgbm.txt");
    const kernel = openKernel(readFileSync(models.path("d6.ubj")), models.rows);
    const predict = caller(models, xgb, "serving_default");
    const explain = caller(models, xgb, "contributions");
    const lightPredict = caller(models, light, "serving_default");
    const cases: readonly Comparison[] = [
      {
        ...{ what: `the kernel, 1 row, ${trees}`, call: kernel(1), count: 40_000 },
        ...{ library: "libxgboost's C call", name: "c1", libraryCount: 1_000 },
        goal: { atLeast: 30 },
      },
      {
        ...{ what: `the kernel, 64 rows, ${trees}`, call: kernel(64), count: 1_000 },
        ...{ library: "libxgboost's C call", name: "c64", libraryCount: 400 },
        goal: { atLeast: 3 },
      },
      {
        ...{ what: `predict, 1 row, ${trees}`, call: predict, count: 20_000 },
        ...{ library: "libxgboost's C call", name: "c1", libraryCount: 1_000 },
        goal: { atLeast: 15 },
      },
      {
        ...{ what: `predict, 1 row, ${trees}`, call: predict, count: 20_000 },
        ...{ library: "Python's inplace_predict", name: "inplace1", libraryCount: 400 },
        goal: { atLeast: 50 },
      },
      {
        ...{ what: "predict, 1 row, 100 trees of LightGBM", call: lightPredict, count: 20_000 },
        ...{ library: "Python's predict", name: "lightgbm1", libraryCount: 1_000 },
        goal: { atLeast: 5 },
      },
      {
        ...{ what: `contributions, 1 row, ${trees}`, call: explain, count: 300 },
        ...{ library: "Python's pred_contribs", name: "contribs1", libraryCount: 100 },
        goal: { atLeast: 1 / 1.5 },
      },
    ];
    const figures: Figure[] = [];
    for (const one of cases) figures.push(await compare(models, one));
    return figures;
  },
};
export default benchmark;

/** A call of our predictor, and one of the Python library with this name. */
interface Comparison {
  readonly what: string;
  readonly call: Call;
  readonly count: number;
  readonly library: string;
  readonly name: string;
  readonly libraryCount: number;
  readonly goal: Goal;
}

type Call = (count: number) => Promise<void> | void;

/** Calls a signature with one row after the other. */
function caller({ rows }: TreeModels, predictor: Predictor, signature: string): Call {
  const inputs = Array.from({ length: 512 }, (_, row) => {
    const data = rows.slice(row * FEATURES, (row + 1) * FEATURES);
    return { input: tensor("float32", [1, FEATURES], data) };
  });
  return async (count) => {
    for (let i = 0; i < count; i++) {
      await predictor.predict(inputs[i % 512] as (typeof inputs)[0], { signature });
    }
  };
}

/** The speed of a call relative to the library's: the median of interleaved rounds. */
async function compare(
  models: TreeModels,
  { what, call, count, library, name, libraryCount, goal }: Comparison,
): Promise<Figure> {
  const own: number[] = [];
  const theirs: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await call(count);
    const { user, system } = process.cpuUsage(before);
    const ns = await models.python(name, libraryCount);
    if (round < 0) continue; // warm-up
    own.push((1000 * (user + system)) / count);
    theirs.push(ns);
  }
  return {
    name: `${what}: as fast as ${library}, times`,
    value: median(own.map((ns, round) => (theirs[round] as number) / ns)),
    unit: "x",
    goal,
    baseline: 1,
    spread: spreadOf(own),
  };
}
