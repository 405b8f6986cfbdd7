import { expect, it } from "vitest";
import { runExample } from "../run-example.js";

it("the LightGBM example prints what Python's lightgbm predicts", async () => {
  const { stdout, stderr, code } = await runExample("lightgbm/main.ts");
  expect([stderr, code]).toEqual(["", 0]);
  expect(stdout).toMatch(/^prices: Float64Array\(2\) \[ 710\.9856049\d+, 420\.3307092\d+ \]\n$/);
});
