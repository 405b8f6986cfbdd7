import { rmSync } from "node:fs";
import { join } from "node:path";
import { cache, installPackages, python, run, runTests, testEach } from "./python-packages.js";
import { root } from "./workspace.mjs";

// `npm run test:trees [-- VERSION …]`: trains models of every form with XGBoost and LightGBM, and compares all answers
// of servable-trees with theirs. Needs Python 3.9 to 3.12 with pip (SERVING_KIT_PYTHON, default python3); the
// libraries are installed into the cache folder.
const TOOLS = ["pandas", "scikit-learn", "scipy"];
const SETS = [
  { name: "xgboost-3.2.0", library: "xgboost", packages: ["xgboost-cpu==3.2.0", ...TOOLS] },
  {
    name: "xgboost-2.1.4",
    library: "xgboost",
    packages: ["xgboost-cpu==2.1.4", "pandas<2.3", "scipy<1.14", "numpy<2", "scikit-learn<1.6"],
  },
  {
    name: "xgboost-1.7.6",
    library: "xgboost",
    packages: ["xgboost==1.7.6", "numpy<2", "pandas<2.3", "scipy<1.14", "scikit-learn<1.6"],
  },
  { name: "lightgbm-4.7.0", library: "lightgbm", packages: ["lightgbm==4.7.0", ...TOOLS] },
];

/** Trains the models of a set and compares the answers to them. */
function test({ name, library, packages }: (typeof SETS)[number]): boolean {
  const models = join(cache, "trees", `models-${name}`);
  rmSync(models, { recursive: true, force: true });
  const script = join(root, "packages/servable-trees/scripts/make-models.py");
  const env = { PYTHONPATH: installPackages(join(cache, "trees", name), packages) };
  return (
    run(python, [script, models, library, "full"], env) &&
    runTests(["packages/servable-trees/test/answers.test.ts"], { SERVING_KIT_TREE_MODELS: models })
  );
}

testEach(SETS, test);
