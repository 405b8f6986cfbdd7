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
    return [
      await compare(
        models,
        `the kernel, 1 row, ${trees}`,
        "libxgboost's C call",
        kernel(1),
        "c1",
        40_000,
        1_000,
        { atLeast: 30 },
      ),
      await compare(
        models,
        `the kernel, 64 rows, ${trees}`,
        "libxgboost's C call",
        kernel(64),
        "c64",
        1_000,
        400,
        { atLeast: 3 },
      ),
      await compare(
        models,
        `predict, 1 row, ${trees}`,
        "libxgboost's C call",
        predict,
        "c1",
        20_000,
        1_000,
        { atLeast: 15 },
      ),
      await compare(
        models,
        `predict, 1 row, ${trees}`,
        "Python's inplace_predict",
        predict,
        "inplace1",
        20_000,
        400,
        { atLeast: 50 },
      ),
      await compare(
        models,
        "predict, 1 row, 100 trees of LightGBM",
        "Python's predict",
        lightPredict,
        "lightgbm1",
        20_000,
        1_000,
        { atLeast: 5 },
      ),
      await compare(
        models,
        `contributions, 1 row, ${trees}`,
        "Python's pred_contribs",
        explain,
        "contribs1",
        300,
        100,
        { atLeast: 1 / 1.5 },
      ),
    ];
  },
};
export default benchmark;

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
  what: string,
  library: string,
  call: Call,
  name: string,
  count: number,
  libraryCount: number,
  goal: Goal,
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
