import { expect, it } from "vitest";
import { hasLibrary, skipped } from "../../packages/servable-onnx/test/support.js";
import { runExample } from "../run-example.js";

it.skipIf(!hasLibrary)(`the ONNX text example classifies a text${skipped}`, async () => {
  const { stdout, stderr, code } = await runExample("onnx-text/main.ts");
  expect([stderr, code]).toEqual(["", 0]);
  expect(stdout).toBe("billing (91 %): my card was charged twice\n");
});
