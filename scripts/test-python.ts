import { join } from "node:path";
import { cache, makeEnvironment, runTests, testEach } from "./python-packages.js";

// `npm run test:python [-- NAME …]`: the tests of servable-python with virtual environments that have TensorFlow,
// ai-edge-litert alone, and tflite-runtime alone, with 100 crashes and 2,000 calls. Needs Python 3.9 to 3.11 with venv
// (SERVING_KIT_PYTHON, default python3), for which tflite-runtime has wheels; the environments are made once in the
// cache folder.
const SETS = [
  { name: "ai-edge-litert", packages: ["ai-edge-litert", "numpy>=2"] },
  { name: "tflite-runtime", packages: ["tflite-runtime", "numpy<2"] },
  { name: "tensorflow-cpu", packages: ["tensorflow-cpu"] },
];

function test({ name, packages }: (typeof SETS)[number], index: number): boolean {
  const files = [
    "packages/servable-python/test/seed.test.ts",
    "packages/servable-python/test/tensors.test.ts",
    "packages/serving-kit/test/python.e2e.test.ts",
  ];
  if (index === 0) {
    files.push("packages/servable-python/test", "packages/server/test/python-models.test.ts");
    files.push("examples/python-models");
  }
  return runTests(files, {
    SERVING_KIT_PYTHON: makeEnvironment(join(cache, "python", name), packages),
    SERVING_KIT_PYTHON_SEED: "required",
    SERVING_KIT_CRASHES: "100",
    SERVING_KIT_CALLS: "2000",
  });
}

testEach(SETS, test);
