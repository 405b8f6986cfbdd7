import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { hasLibrary, skipped } from "../../packages/servable-onnx/test/support.js";
import { endCommands, start } from "../../packages/serving-kit/test/run-command.js";

afterEach(endCommands);

it.skipIf(!hasLibrary)(
  `the net answers alike as .tflite and .onnx${skipped}`,
  async () => {
    const models = ["tflite", "onnx"].map((name) => join(import.meta.dirname, name));
    const { output, ended } = start("compare-engines", ...models, "--measure_ms=20", "--json");
    expect([await ended, output.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
    const [tflite, onnx] = JSON.parse(output.stdout);
    expect([tflite.engine, onnx.engine]).toEqual(["tflite", "onnx"]);
    expect(onnx.difference.largest).toBeLessThan(1e-5);
  },
  180_000,
);
