import { expect, it } from "vitest";
import { batchDimension } from "./batch-dimension.js";

it.each([
  [[-1], "open"],
  [[-1, 3], "open"],
  [[1, -1], "fixed"],
  [[], "fixed"],
  [null, "unknown"],
] as const)("dimension 0 of %j is %s", (shape, expected) => {
  expect(batchDimension({ shape })).toBe(expected);
});
