import { expect, it } from "vitest";
import { hasLibrary, skipped } from "../../packages/servable-onnx/test/support.js";
import { runExample } from "../run-example.js";

it.skipIf(!hasLibrary)(`the ONNX image example reads a digit${skipped}`, async () => {
  const { stdout, stderr, code } = await runExample("onnx-image/main.ts");
  expect([stderr, code]).toEqual(["", 0]);
  expect(stdout).toMatch(/\na 0, with 79 %\n$/);
});
