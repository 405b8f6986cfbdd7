import { expect, it } from "vitest";
import { runExample } from "../run-example.js";

it("savedmodel-inspect prints tags, signatures and tensors", async () => {
  const { code, stdout } = await runExample("savedmodel-inspect/main.ts");
  expect(stdout).toMatch(/^.*\/zoo\/arithmetic\/1: SavedModel\n/);
  expect(stdout).toContain(`graph serve, written by TensorFlow 2.21.0
  signature half (tensorflow/serving/predict)
    input a int32 [?] (half_a:0)
    output half int32 [?] (`);
  expect(stdout).toContain("    input scale float32 [], optional (");
  expect(code).toBe(0);
});
