import type { Benchmark } from "../figure.js";
import { CONNECTIONS, compareRest, RestContender, takeTurns } from "../rest-contender.js";
import { FEATURES, treeModels } from "../tree-models.js";

const benchmark: Benchmark = {
  name: `100 trees over REST, ${CONNECTIONS} connections`,
  async run() {
    using models = treeModels();
    if (models === undefined) return [];
    const row = Array.from(models.rows.subarray(0, FEATURES), (x) => (Number.isNaN(x) ? 0 : x));
    const body = JSON.stringify({ instances: [row] });
    const call = { model: "trees", body, path: models.path("d6.ubj") };
    const trees = await RestContender.start("trees", call);
    const response = await fetch(trees.url, { method: "POST", body });
    const bare = await RestContender.start("bare", call, await response.json());
    const all = [bare, trees];
    await takeTurns(all);
    for (const contender of all) contender.stop();
    return compareRest("trees against bare node:http", trees, bare, 90);
  },
};
export default benchmark;
